import { expect, test } from 'vitest';
import { startRedis } from '../test/redis-server.ts';
import { createRedis, readyWithin } from './redis.ts';

test('waits for a Redis that comes later, and not for one that does not come', async () => {
  const gone = await startRedis();
  await gone.stop();
  const redis = createRedis(gone.url);
  redis.on('error', () => undefined);
  await readyWithin(redis, 50);
  expect(redis.status).not.toBe('ready');

  const ready = readyWithin(redis, 60_000);
  const late = await startRedis({ port: gone.port });
  await ready;
  expect(await redis.ping()).toBe('PONG');
  redis.disconnect();
  await late.stop();
});
