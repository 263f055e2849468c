import { uuidv7 } from 'uuidv7';

type Kind = 'job' | 'batch';

/** A new id: `job_` or `batch_` and a UUIDv7, whose first 48 bits are the time in milliseconds (RFC 9562, 5.7). */
export function newId(kind: Kind): string {
  return `${kind}_${uuidv7()}`;
}

/** The time at which an id was made, in milliseconds since 1970, or undefined where it is no id of the kind. */
export function idTime(kind: Kind, id: string): number | undefined {
  const uuid = id.startsWith(`${kind}_`) ? id.slice(kind.length + 1) : '';
  const [, high, low] =
    /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(uuid) ?? [];
  return high && low ? Number.parseInt(high + low, 16) : undefined;
}
