import { createHash, randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { PublicError } from '../shared/errors.ts';

/** How long a key is remembered, and how long one whose upload is still arriving is held without a sign of life. */
const REMEMBERED_SECONDS = 86_400;
const HELD_SECONDS = 60;

/** Sets or deletes the entry (no value) where it is still as we left it: it may have lapsed, and be another's by now. */
const REPLACE_LUA = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  return 1`;

interface Entry {
  /** What was made, once it has arrived whole. */
  id?: string;
  /** SHA-256 of the body that made it, in hex. */
  bodyHash?: string;
}

export interface Claim {
  /** What an earlier try with the same key made; the body has yet to be compared. */
  earlier?: { id: string; bodyHash: string };
  /** Says that the upload is still arriving. */
  hold(): Promise<void>;
  /** Remembers what was made of the whole body. */
  keep(id: string, bodyHash: string): Promise<void>;
  /** Frees the key, since nothing whole was made, or it is no more. */
  free(): Promise<void>;
}

export type Idempotency = ReturnType<typeof createIdempotency>;

/** Keys by which a second try finds what the first one made. Throws `idempotency_conflict` while the first is arriving. */
export function createIdempotency(redis: Redis) {
  return {
    async claim(owner: string, idempotencyKey: string): Promise<Claim> {
      const hash = createHash('sha256').update(idempotencyKey).digest('hex');
      const key = `darkroom:idempotency:${owner}:${hash}`;
      const own = JSON.stringify({ holder: randomUUID() });
      const replace = async (there: string, value: string, seconds: number) =>
        void (await redis.eval(REPLACE_LUA, 1, key, there, value, seconds));
      const claimOf = (there: string): Claim => ({
        hold: () => replace(there, there, HELD_SECONDS),
        keep: (id, bodyHash) =>
          replace(there, JSON.stringify({ id, bodyHash }), REMEMBERED_SECONDS),
        free: () => replace(there, '', 0),
      });
      const taken = await redis.set(key, own, 'EX', HELD_SECONDS, 'NX');
      if (taken) return claimOf(own);
      const there = (await redis.get(key)) ?? '{}';
      const { id, bodyHash } = JSON.parse(there) as Entry;
      if (id && bodyHash) return { ...claimOf(there), earlier: { id, bodyHash } };
      throw conflict(
        'Expected an Idempotency-Key of its own, but an upload with the same one is still arriving.',
      );
    },
  };
}

export function conflict(detail: string): PublicError {
  return new PublicError('idempotency_conflict', detail);
}
