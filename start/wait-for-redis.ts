import { Redis } from 'ioredis';

/** Resolves when the Redis on a port of this machine answers and has loaded its data; rejects when the signal aborts. */
export async function waitForRedis(port: number, signal: AbortSignal): Promise<void> {
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
  });
  // It is not there yet: that is what we wait for.
  redis.on('error', () => undefined);
  try {
    await Promise.race([redis.ping(), aborted(signal)]);
  } finally {
    redis.disconnect();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
