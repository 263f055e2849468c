import { Redis, ReplyError } from 'ioredis';

/**
 * A connection for callers who must have an answer soon: a command fails at once while Redis cannot be reached,
 * and after five seconds where it does not answer. The connection itself is tried again for ever.
 */
export function createRedis(url: string): Redis {
  return new Redis(url, {
    ...reconnecting,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    // A Redis that is still loading says so itself; otherwise it would look as if it could not be reached.
    enableReadyCheck: false,
  });
}

/** A connection for BullMQ's worker and for subscribers: commands wait until Redis is back. */
export function createPatientRedis(url: string): Redis {
  return new Redis(url, { ...reconnecting, maxRetriesPerRequest: null });
}

const reconnecting = {
  keepAlive: 10_000,
  connectTimeout: 5_000,
  // A Redis that comes back is found within a second, and one that stays away is not hammered.
  retryStrategy: (tries: number) => Math.min(100 * tries, 1_000),
};

/** True of an error that says that Redis cannot be reached or cannot write now, rather than that we asked wrongly. */
export function isRedisUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ReplyError) {
    return /^(LOADING|OOM|MISCONF|READONLY|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|TRYAGAIN|BUSY|NOAUTH|WRONGPASS|EXECABORT)/.test(
      error.message,
    );
  }
  return (
    error.name === 'MaxRetriesPerRequestError' ||
    /^(Connection is closed|Command aborted|Command timed out|Stream isn't writeable)/.test(
      error.message,
    ) ||
    ('code' in error &&
      /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)/.test(String(error.code)))
  );
}
