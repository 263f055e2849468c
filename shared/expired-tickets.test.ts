import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { dropExpiredTickets } from './expired-tickets.ts';
import { createJobQueue } from './queue.ts';

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

test('a ticket stays while the record of its job is there, or that of a rider', async () => {
  const queue = createJobQueue(redis, {
    onError: (error) => {
      throw error;
    },
  });
  const tickets = ['job_1', 'job_2', 'job_3'];
  await queue.addOfBatch(tickets);
  await redis.hset('bull:jobs:job_2', 'data', '["job_4","job_5"]');
  const records = ['darkroom:job:job_1', 'darkroom:job:job_5'];
  for (const record of records) await redis.hset(record, 'status', 'queued');

  const left = async () => {
    await dropExpiredTickets(redis);
    return redis.zrange('bull:jobs:prioritized', '0', '-1');
  };
  expect(await left()).toEqual(tickets);
  await redis.del('darkroom:job:job_1');
  expect(await left()).toEqual(tickets.slice(1));
  await redis.del('darkroom:job:job_5');
  expect(await left()).toEqual([]);
  expect(await redis.keys('bull:jobs:job_*')).toEqual([]);
});
