import { createHash, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { uuidv7 } from 'uuidv7';

const KEYS = 'darkroom:keys';
/** Another word after every change, so that the APIs see one by reading it, also where Redis was emptied between. */
const VERSION = 'darkroom:keys:version';

/** What is kept of an API key: not the key itself, which is shown once and then known by its SHA-256 only. */
export interface ApiKey {
  /** Whose jobs and usage they are; stays the same when the key is rotated. */
  id: string;
  name: string;
  /** SHA-256 of the key, in hex. A key has 256 random bits, so a slow hash would add nothing. */
  hash: string;
  /** Its own rate limit, as `60/min`; without one, RATE_LIMIT holds. */
  rate?: string;
  /** Whether it may also read, retry and drop dead letters. */
  operator?: true;
  createdAt: string;
}

export const KEY_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export type KeyStore = ReturnType<typeof createKeyStore>;

export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** A key that was revoked meanwhile is not brought back. */
const REPLACE_LUA = `
  if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('SET', KEYS[2], ARGV[3])
  return 1`;

/** The API keys that `darkroom keys` makes: a hash in Redis, by name. */
export function createKeyStore(redis: Redis) {
  const read = async (name: string): Promise<ApiKey | undefined> => {
    const json = await redis.hget(KEYS, name);
    return json ? (JSON.parse(json) as ApiKey) : undefined;
  };
  const newSecret = () => `dk_${randomBytes(32).toString('base64url')}`;

  return {
    /** Makes a key and returns it, the only time that it is told; undefined where the name is taken. */
    async create(name: string, rate?: string, isOperator = false): Promise<string | undefined> {
      const secret = newSecret();
      const key: ApiKey = {
        id: `key_${uuidv7()}`,
        name,
        hash: hashKey(secret),
        ...(rate ? { rate } : {}),
        ...(isOperator ? { operator: true as const } : {}),
        createdAt: new Date().toISOString(),
      };
      const made = await redis
        .multi()
        .hsetnx(KEYS, name, JSON.stringify(key))
        .set(VERSION, uuidv7())
        .exec();
      return made?.[0]?.[1] === 1 ? secret : undefined;
    },

    /** Gives a key a new secret; the old one fails from then on. Undefined where there is no such key. */
    async rotate(name: string): Promise<string | undefined> {
      const key = await read(name);
      if (!key) return undefined;
      const secret = newSecret();
      const rotated = JSON.stringify({ ...key, hash: hashKey(secret) });
      const done = await redis.eval(REPLACE_LUA, 2, KEYS, VERSION, name, rotated, uuidv7());
      return done === 1 ? secret : undefined;
    },

    /** Ends a key. False where there is none of that name. */
    async revoke(name: string): Promise<boolean> {
      const removed = await redis.multi().hdel(KEYS, name).set(VERSION, uuidv7()).exec();
      return removed?.[0]?.[1] === 1;
    },

    async list(): Promise<ApiKey[]> {
      return Object.values(await redis.hgetall(KEYS))
        .map((json) => JSON.parse(json) as ApiKey)
        .sort((a, b) => a.name.localeCompare(b.name));
    },

    /** A word that differs after every change; empty where no key was ever made, or Redis was emptied. */
    async version(): Promise<string> {
      return (await redis.get(VERSION)) ?? '';
    },
  };
}
