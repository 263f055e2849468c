import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { fillBatch } from '../test/fill-batch.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { createBatchFeed } from './batch-feed.ts';
import { type BatchStore, createBatchStore } from './batch-store.ts';
import { createJobQueue } from './queue.ts';
import { createRiders } from './riders.ts';

let server: TestRedis;
let redis: Redis;
let batches: BatchStore;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  batches = createBatchStore(redis, 60);
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

function realQueue() {
  return createJobQueue(redis, {
    onError: (error) => {
      throw error;
    },
  });
}

/** Feeds the queue, holds its 16 tickets, and gives the first. */
async function aTicketOf(jobs: string[]): Promise<string> {
  const queue = realQueue();
  await createBatchFeed(redis, queue).feed();
  expect(await queue.counts()).toMatchObject({ waiting: 16 });
  for (const id of jobs.slice(0, 16)) await redis.set(`bull:jobs:${id}:lock`, 'ours');
  return jobs[0] ?? '';
}

test('a ticket takes the next of its batch along, the same when it is asked again, and nobody else gets those', async () => {
  const { batch, jobs } = await fillBatch(batches, 'ann', 40);
  const ticket = await aTicketOf(jobs);
  const riders = createRiders(redis, realQueue());
  expect(await riders.take(ticket, 'ours', 3)).toEqual(jobs.slice(16, 19));
  expect(await riders.take(ticket, 'ours', 2)).toEqual(jobs.slice(16, 19));
  expect(await riders.take(jobs[1] ?? '', 'ours', 2)).toEqual(jobs.slice(19, 21));
  expect(await redis.lrange(`darkroom:batch:${batch}:pending`, 0, -1)).toEqual(jobs.slice(21));
});

test('a ticket takes the fewer along the fewer are left, and none at last', async () => {
  const { jobs } = await fillBatch(batches, 'ann', 16 + 13);
  await aTicketOf(jobs);
  const riders = createRiders(redis, realQueue());
  const taken = [];
  for (const ticket of jobs.slice(0, 16)) taken.push((await riders.take(ticket, 'ours', 3)).length);
  expect(taken).toEqual([3, 2, 2, 1, 1, 1, ...Array(10).fill(0)]);
});

test('of many workers none takes more than its share along', async () => {
  const { jobs } = await fillBatch(batches, 'ann', 16 + 40);
  const ticket = await aTicketOf(jobs);
  await redis.rpush('bull:jobs:active', ...Array.from({ length: 20 }, (_, at) => `held_${at}`));
  expect(await createRiders(redis, realQueue()).take(ticket, 'ours', 3)).toHaveLength(2);
});

test('a ticket takes nobody along while single jobs wait, or a batch of another key', async () => {
  const { jobs } = await fillBatch(batches, 'ann', 40);
  const ticket = await aTicketOf(jobs);
  const queue = realQueue();
  const riders = createRiders(redis, queue);
  await queue.add('job_1');
  expect(await riders.take(ticket, 'ours', 3)).toEqual([]);
  await queue.remove('job_1');
  await fillBatch(batches, 'bob', 1);
  expect(await riders.take(ticket, 'ours', 3)).toEqual([]);
});

test('a single job takes nobody along, nor a ticket that is gone or that another worker has', async () => {
  const { jobs } = await fillBatch(batches, 'ann', 40);
  const ticket = await aTicketOf(jobs);
  const queue = realQueue();
  const riders = createRiders(redis, queue);
  await redis.set(`bull:jobs:${ticket}:lock`, 'of another');
  expect(await riders.take(ticket, 'ours', 3)).toEqual([]);
  await queue.add('job_1');
  await redis.set('bull:jobs:job_1:lock', 'ours');
  await redis.lpop('bull:jobs:wait');
  expect(await riders.take('job_1', 'ours', 3)).toEqual([]);
  expect(await riders.take('job_2', 'ours', 3)).toEqual([]);
  await redis.set('bull:jobs:job_2:lock', 'ours');
  expect(await riders.take('job_2', 'ours', 3)).toEqual([]);
  expect(await redis.exists('bull:jobs:job_2')).toBe(0);
});

test('a rider that is dropped has a ticket of its own, and goes with the other no more', async () => {
  const { jobs } = await fillBatch(batches, 'ann', 40);
  const ticket = await aTicketOf(jobs);
  const queue = realQueue();
  const riders = createRiders(redis, queue);
  await riders.take(ticket, 'ours', 3);
  await Promise.all([16, 18].map((at) => riders.drop(ticket, jobs[at] ?? '')));
  expect(await riders.take(ticket, 'ours', 3)).toEqual([jobs[17]]);
  expect(await redis.zrange('bull:jobs:prioritized', '-2', '-1')).toEqual([jobs[16], jobs[18]]);
  await riders.drop(ticket, jobs[17] ?? '');
  expect(await redis.hget(`bull:jobs:${ticket}`, 'data')).toBe('null');
});

test('jobs that ride with a ticket that is held are counted as held', async () => {
  const { jobs } = await fillBatch(batches, 'ann', 40);
  const ticket = await aTicketOf(jobs);
  const queue = realQueue();
  await createRiders(redis, queue).take(ticket, 'ours', 3);
  await redis.zrem('bull:jobs:prioritized', ticket);
  await redis.lpush('bull:jobs:active', ticket);
  expect(await queue.counts()).toEqual({ waiting: 15, active: 4 });
});

test('the ticket of a canceled item stays for its riders, that of a single job goes', async () => {
  const { jobs } = await fillBatch(batches, 'ann', 40);
  const ticket = await aTicketOf(jobs);
  const queue = realQueue();
  await queue.add('job_1');
  for (const id of [ticket, 'job_1', 'job_2']) await queue.remove(id);
  expect(await redis.exists(`bull:jobs:${ticket}`, 'bull:jobs:job_1')).toBe(1);
});
