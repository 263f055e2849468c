import { setTimeout as delay } from 'node:timers/promises';
import { isRedisUnavailable } from '../shared/redis.ts';

const RETRY_MS = 1_000;

/**
 * Does again each second what Redis has no memory or disk for now, until it has. So the state of Redis costs a job
 * none of its attempts. Throws what Redis said last where the signal aborts.
 */
export async function onceRedisCan<T>(
  operation: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      if (!isRedisUnavailable(error) || signal?.aborted) throw error;
      await delay(RETRY_MS);
    }
  }
}
