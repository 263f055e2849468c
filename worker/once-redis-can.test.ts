import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { onceRedisCan } from './once-redis-can.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const write = () => redis.set('key', 'value');

test('what Redis has no memory for is done when it has', async () => {
  await redis.config('SET', 'maxmemory', '1');
  await expect(write()).rejects.toThrow('OOM');
  let refused = 0;
  const written = onceRedisCan(() =>
    write().catch(async (error: unknown) => {
      refused += 1;
      await redis.config('SET', 'maxmemory', '0');
      throw error;
    }),
  );
  expect(await written).toBe('OK');
  expect(refused).toBe(1);
});

test('an abort ends it with what Redis said', async () => {
  await redis.config('SET', 'maxmemory', '1');
  await expect(onceRedisCan(write, AbortSignal.abort())).rejects.toThrow('OOM');
});

test('what asks wrongly is not done again', async () => {
  await expect(onceRedisCan(() => redis.lpush('key'))).rejects.toThrow('wrong number');
});
