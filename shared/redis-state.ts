import { type Redis, ReplyError } from 'ioredis';
import { inTime } from './in-time.ts';

/** What can be said of Redis: all but `ok` mean that nothing can be stored now. */
export const redisStates = [
  'ok',
  /** There is no connection to it. */
  'unreachable',
  /** It is connected and does not answer in time. */
  'silent',
  /** It reads its data from disk. */
  'loading',
  /** `maxmemory` is reached. */
  'out_of_memory',
  /** It answers and does not store: a disk that is full, a replica, a script that does not end, a wrong password. */
  'refusing',
] as const;

export type RedisState = (typeof redisStates)[number];

/** Longest wait for Redis' answer. An orchestrator gives a probe one second, by Kubernetes' default. */
const ANSWER_MS = 800;

/**
 * Tells whether Redis can be used, by asking it to write nothing; never rejects, and takes less than a second. All who
 * ask while the question is open share its answer, so that a Redis that is stuck gets one question, and no pile.
 */
export function createRedisProbe(redis: Redis): () => Promise<RedisState> {
  let asking: Promise<unknown> | undefined;
  return async () => {
    if (redis.status !== 'ready') return 'unreachable';
    // An empty text put into a key that is not there makes none, and is refused where any write would be.
    asking ??= redis.setrange('darkroom:probe', 0, '').finally(() => {
      asking = undefined;
    });
    try {
      await inTime(asking, ANSWER_MS);
      return 'ok';
    } catch (error) {
      if (!(error instanceof Error && error instanceof ReplyError)) {
        return redis.status === 'ready' ? 'silent' : 'unreachable';
      }
      if (error.message.startsWith('LOADING')) return 'loading';
      return error.message.startsWith('OOM') ? 'out_of_memory' : 'refusing';
    }
  };
}
