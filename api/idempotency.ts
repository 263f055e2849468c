import { createHash, randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { batchKey } from '../shared/batch-scripts.ts';
import { type ClaimEntry, REPLACE_CLAIM_LUA } from '../shared/claim-entry.ts';
import { expected, PublicError } from '../shared/errors.ts';
import { jobKey } from '../shared/job-scripts.ts';

type Kind = 'job' | 'batch';

/** How long a key is remembered, at most: where RESULT_TTL is shorter, what it names is gone by then. */
const REMEMBERED_SECONDS = 86_400;
/**
 * How long one whose upload is arriving is held without a sign of life, and how often a sign is given. A key whose API
 * was killed is free again so soon.
 */
const HELD_SECONDS = 10;
const HOLD_MS = 3_000;

const REPLACE_LUA = `${REPLACE_CLAIM_LUA}
  return replaceClaim(unpack(ARGV))`;

interface Entry {
  /** What was made, once it has arrived whole. */
  id?: string;
  /** SHA-256 of what made it, in hex. */
  hash?: string;
}

export interface Claim {
  /** What an earlier try with the same key made; the request has yet to be compared. */
  earlier?: { id: string; hash: string };
  /** Does the work of the first try: the key is held meanwhile, and free again where that throws. */
  holdWhile<T>(work: () => Promise<T>): Promise<T>;
  /** Remembers what was made. */
  keep(id: string, hash: string): Promise<void>;
  /** The same, for the script that makes it, so that both are done or neither. */
  entryOf(id: string, hash: string): ClaimEntry;
  /** Frees the key, since nothing whole was made, or it is no more. */
  free(): Promise<void>;
}

export type Idempotency = ReturnType<typeof createIdempotency>;

/** Keys by which a second try finds what the first one made. */
export function createIdempotency(redis: Redis, resultTtlSeconds: number) {
  const replace = async ({ key, held, value, seconds }: ClaimEntry): Promise<void> => {
    await redis.eval(REPLACE_LUA, 0, key, held, value, seconds);
  };

  const claimOf = (key: string, held: string): Claim => {
    const entryOf = (id: string, hash: string): ClaimEntry => ({
      key,
      held,
      value: JSON.stringify({ id, hash }),
      seconds: Math.min(REMEMBERED_SECONDS, resultTtlSeconds),
    });
    const free = () => replace({ key, held, value: '', seconds: 0 });
    const hold = () => replace({ key, held, value: held, seconds: HELD_SECONDS });
    return {
      async holdWhile(work) {
        // Where Redis does not answer, the next sign may reach it.
        const holding = setInterval(() => void hold().catch(() => undefined), HOLD_MS);
        try {
          return await work().finally(() => clearInterval(holding));
        } catch (error) {
          // What cannot be freed lapses.
          await Promise.allSettled([free()]);
          throw error;
        }
      },
      keep: (id, hash) => replace(entryOf(id, hash)),
      entryOf,
      free,
    };
  };

  const take = async (kind: Kind, key: string): Promise<Claim> => {
    const own = JSON.stringify({ holder: randomUUID() });
    const taken = await redis.set(key, own, 'EX', HELD_SECONDS, 'NX');
    if (taken) return claimOf(key, own);
    const there = (await redis.get(key)) ?? '{}';
    const { id, hash } = JSON.parse(there) as Entry;
    if (!id || !hash) throw stillArriving();
    if (!id.startsWith(`${kind}_`)) {
      throw conflict(
        `Expected a ${kind} for this Idempotency-Key, which was used for another call.`,
      );
    }
    return { ...claimOf(key, there), earlier: { id, hash } };
  };

  return {
    /**
     * Claims a caller's key for a request that makes something of the kind, or finds what an earlier one made.
     * Throws `invalid_request` for a key that is none, and `idempotency_conflict` while the first try is arriving.
     */
    async claim(kind: Kind, owner: string, idempotencyKey: string): Promise<Claim> {
      if (idempotencyKey.length < 1 || idempotencyKey.length > 255) {
        throw new PublicError(
          'invalid_request',
          expected('1 to 255 characters', 'Idempotency-Key', idempotencyKey),
        );
      }
      const hash = createHash('sha256').update(idempotencyKey).digest('hex');
      const key = `darkroom:idempotency:${owner}:${hash}`;
      const claim = await take(kind, key);
      if (!claim.earlier) return claim;
      const record = kind === 'job' ? jobKey(claim.earlier.id) : batchKey(claim.earlier.id);
      if ((await redis.exists(record)) === 1) return claim;
      // What the first try made has been erased, or has expired.
      await claim.free();
      return take(kind, key);
    },
  };
}

/** Throws `idempotency_conflict` where a second try is not what the first one was. */
export function requireSame(earlier: { hash: string }, hash: string): void {
  if (earlier.hash === hash) return;
  throw conflict(
    'Expected the body and options of the first try with this Idempotency-Key but received others.',
  );
}

/** The first try may soon be over, so another one soon makes sense. */
export function stillArriving(): PublicError {
  return conflict(
    'Expected an Idempotency-Key of its own, but an upload with the same one is still arriving.',
    { 'Retry-After': '1' },
  );
}

function conflict(detail: string, headers: Record<string, string> = {}): PublicError {
  return new PublicError('idempotency_conflict', detail, { headers });
}
