import type { Redis } from 'ioredis';

export interface RedisMemory {
  usedBytes: number;
  /** Above this Redis refuses to store; infinite where it has no limit. */
  maxBytes: number;
}

/** How much memory Redis uses, of how much, as `INFO memory` says. */
export function createRedisMemoryReader(redis: Redis): () => Promise<RedisMemory> {
  return async () => {
    const info = await redis.info('memory');
    const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
    return {
      usedBytes: field('used_memory'),
      maxBytes: field('maxmemory') || Number.POSITIVE_INFINITY,
    };
  };
}
