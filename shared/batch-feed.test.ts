import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { fillBatch, image, openWith, specNow } from '../test/fill-batch.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { createBatchFeed } from './batch-feed.ts';
import { type BatchStore, createBatchStore } from './batch-store.ts';
import { newId } from './ids.ts';
import { createJobQueue } from './queue.ts';

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

/** Feeds a queue whose workers take every ticket at once, and returns the ids in the order of their tickets. */
async function feedOut(turns: number): Promise<string[]> {
  const taken: string[] = [];
  const feed = createBatchFeed(redis, { addOfBatch: async (ids) => void taken.push(...ids) });
  for (let turn = 0; turn < turns; turn += 1) await feed.feed();
  return taken;
}

function realQueue() {
  return createJobQueue(redis, {
    onError: (error) => {
      throw error;
    },
  });
}

test('two keys alternate, also where one came first and has much more', async () => {
  const ann = await fillBatch(batches, 'ann', 200);
  expect(await feedOut(2)).toEqual(ann.jobs.slice(0, 32));
  const bob = await fillBatch(batches, 'bob', 20);
  const taken = await feedOut(3);
  const owners = taken.map((id) => (ann.jobs.includes(id) ? 'ann' : 'bob'));
  const turns = owners.slice(0, 40);
  for (let at = 0; at < turns.length; at += 2) {
    expect(turns.slice(at, at + 2).sort()).toEqual(['ann', 'bob']);
  }
  expect(taken.filter((id) => bob.jobs.includes(id))).toEqual(bob.jobs);
  expect(owners.slice(40)).toEqual(Array(8).fill('ann'));
});

test('batches of one key go in the order in which they came, also where the first arrives slowly', async () => {
  const first = await openWith(batches, 'ann', 10);
  const second = await fillBatch(batches, 'ann', 20);
  expect(await feedOut(1)).toEqual([...first.jobs, ...second.jobs.slice(0, 6)]);
  const jobId = newId('job');
  const late = { row: { jobId, id: 'late' }, spec: specNow(), image };
  await batches.addItems(first.batch, 'ann', [late]);
  expect(await feedOut(1)).toEqual([jobId, ...second.jobs.slice(6)]);
});

test('a key that comes with a second batch does not get a second turn', async () => {
  const ann = await fillBatch(batches, 'ann', 20);
  await fillBatch(batches, 'ann', 20);
  await fillBatch(batches, 'bob', 20);
  const taken = await feedOut(1);
  expect(taken.filter((id) => ann.jobs.includes(id))).toHaveLength(8);
});

test('puts 16 tickets into an idle queue, also where 64 fill it at once', async () => {
  await fillBatch(batches, 'ann', 500);
  const connections = Array.from({ length: 64 }, () => new Redis(server.url));
  await Promise.all(
    connections.map((connection) => createBatchFeed(connection, realQueue()).feed()),
  );
  await createBatchFeed(redis, realQueue()).feed();
  expect(await realQueue().counts()).toEqual({ waiting: 16, active: 0 });
  for (const connection of connections) connection.disconnect();
});

test('tickets that a feeder took and died with come back, in front of the others', async () => {
  const { jobs } = await fillBatch(batches, 'ann', 40);
  const dying = createBatchFeed(redis, { addOfBatch: () => Promise.reject(new Error('killed')) });
  await expect(dying.feed()).rejects.toThrow('killed');
  expect(await redis.zcard('darkroom:fed')).toBe(16);
  for (const id of jobs.slice(0, 16)) await redis.zadd('darkroom:fed', Date.now() - 10_500, id);
  expect((await feedOut(1)).sort()).toEqual(jobs.slice(0, 16).sort());
  expect(await feedOut(2)).toEqual(jobs.slice(16));
  expect(await redis.exists('darkroom:fed', 'darkroom:feed')).toBe(0);
});

test('a ticket that comes twice is one', async () => {
  const { jobs } = await fillBatch(batches, 'ann', 3);
  const queue = realQueue();
  await queue.addOfBatch(jobs);
  await createBatchFeed(redis, queue).feed();
  expect(await queue.counts()).toEqual({ waiting: 3, active: 0 });
});

test('gives nothing of a batch that was canceled', async () => {
  const { batch } = await fillBatch(batches, 'ann', 3);
  await batches.cancel(batch, 'ann');
  const { jobs } = await fillBatch(batches, 'ann', 2);
  expect(await feedOut(1)).toEqual(jobs);
});
