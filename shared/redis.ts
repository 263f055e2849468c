import { setTimeout as delay } from 'node:timers/promises';
import { Redis, type RedisOptions, ReplyError } from 'ioredis';

/**
 * A connection for callers who must have an answer soon: a command fails at once while Redis cannot be reached,
 * and after five seconds where it does not answer. The connection itself is tried again for ever.
 */
export function createRedis(url: string): Redis {
  return new CorkedRedis(url, {
    ...reconnecting,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    // A Redis that is still loading says so itself; otherwise it would look as if it could not be reached.
    enableReadyCheck: false,
  });
}

/** A connection for BullMQ's worker: commands wait until Redis is back. */
export function createPatientRedis(url: string): Redis {
  return new PatientRedis(url, { ...reconnecting, maxRetriesPerRequest: null });
}

/** A patient connection that only listens. It asks for a sign of life, since nothing else would tell that it is dead. */
export function createSubscriber(url: string): Redis {
  const subscriber = createPatientRedis(url);
  const ping = setInterval(() => {
    // Where no answer comes the connection is given up, and the next one pings again.
    if (subscriber.status === 'ready') subscriber.ping().catch(() => undefined);
  }, SILENCE_MS);
  subscriber.once('end', () => clearInterval(ping));
  return subscriber;
}

/**
 * How long a Redis that was asked may be silent before its connection is given up for another, in milliseconds. Nobody
 * says that a connection is dead where packets are dropped, and the kernel finds out after a quarter of an hour.
 */
const SILENCE_MS = 5_000;
/** BullMQ's worker blocks for up to ten seconds. */
const BLOCKING_SILENCE_MS = 12_000;

const reconnecting = {
  keepAlive: 10_000,
  connectTimeout: SILENCE_MS,
  socketTimeout: SILENCE_MS,
  // A Redis that comes back is found within a second, and one that stays away is not hammered.
  retryStrategy: (tries: number) => Math.min(100 * tries, 1_000),
};

/** Resolves when the connection can be used, and where it cannot after so many milliseconds. */
export async function readyWithin(redis: Redis, ms: number): Promise<void> {
  if (redis.status === 'ready') return;
  const ready = new Promise((resolve) => redis.once('ready', resolve));
  await Promise.race([ready, delay(ms, undefined, { ref: false })]);
}

/** Commands that are written at once, at most: Redis would stand idle until still more are asked. */
const WRITTEN_AT_ONCE = 8;

/** Writes at once what is asked in one turn of the event loop: a write costs more than all else of a command. */
class CorkedRedis extends Redis {
  private corked = 0;

  override sendCommand(...args: Parameters<Redis['sendCommand']>): unknown {
    const socket = this.stream;
    if (socket && !socket.writableCorked) {
      socket.cork();
      setImmediate(() => socket.uncork());
      this.corked = 0;
    }
    const answer = super.sendCommand(...args);
    this.corked += 1;
    if (this.corked === WRITTEN_AT_ONCE) socket?.uncork();
    return answer;
  }
}

/** A worker duplicates its connection for its blocking reads, which are silent for longer once it is set up. */
class PatientRedis extends CorkedRedis {
  override duplicate(override?: Partial<RedisOptions>): Redis {
    const blocking = new CorkedRedis({ ...this.options, ...override, replyMapping: 'legacy' });
    const allow = (ms: number) => () => {
      blocking.options.socketTimeout = ms;
    };
    return blocking.on('connect', allow(BLOCKING_SILENCE_MS)).on('close', allow(SILENCE_MS));
  }
}

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
