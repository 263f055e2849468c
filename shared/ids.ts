import { UUID, uuidv7 } from 'uuidv7';

/** A new job id: `job_` and a UUIDv7, whose first 48 bits are the time in milliseconds (RFC 9562, 5.7). */
export function newJobId(): string {
  return `job_${uuidv7()}`;
}

/** The time at which a job id was made, in milliseconds since 1970, or undefined where it is no job id. */
export function jobIdTime(id: string): number | undefined {
  if (!/^job_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) {
    return undefined;
  }
  return Number.parseInt(UUID.parse(id.slice(4)).toHex().slice(0, 12), 16);
}
