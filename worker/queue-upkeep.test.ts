import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { newId } from '../shared/ids.ts';
import { createJobStore, type JobStore } from '../shared/job-store.ts';
import { createJobQueue, type JobQueue } from '../shared/queue.ts';
import { image, specNow, succeeded } from '../test/fill-batch.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { createQueueUpkeep, type QueueUpkeep } from './queue-upkeep.ts';

let server: TestRedis;
let redis: Redis;
let store: JobStore;
let queue: JobQueue;
let upkeep: QueueUpkeep;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = createJobStore(redis, 3600);
  queue = createJobQueue(redis, { onError: () => undefined });
  upkeep = createQueueUpkeep(redis, queue);
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** A job as a submission leaves it whose second step never came. */
async function submitWithoutTicket(): Promise<string> {
  const id = newId('job');
  await store.submit(id, { owner: 'alice', spec: specNow(), image });
  return id;
}

/** Lets a submission be so much longer ago; only one that was noted. */
const age = (id: string, ms: number) =>
  redis
    .zadd('darkroom:entering', 'XX', 'INCR', -ms, id)
    .then((score) => expect(score).toBeTruthy());
const waiting = async () => (await queue.counts()).waiting;

test('a job that got no ticket gets one ten seconds later, however often it is looked for', async () => {
  const id = await submitWithoutTicket();
  await upkeep.tend();
  expect(await waiting()).toBe(0);
  await age(id, 10_000);
  await upkeep.tend();
  await upkeep.tend();
  expect(await waiting()).toBe(1);
  expect(await redis.exists('darkroom:entering')).toBe(0);
});

test('a job that has its ticket, or is final, gets none', async () => {
  const [ticketed, done] = [await submitWithoutTicket(), await submitWithoutTicket()];
  await queue.add(ticketed);
  await store.finish(done, succeeded);
  await Promise.all([age(ticketed, 10_000), age(done, 10_000)]);
  await upkeep.tend();
  expect(await waiting()).toBe(1);
  expect(await redis.exists('darkroom:entering')).toBe(0);
});

test('a job that came before the clock was set back is found all the same', async () => {
  await age(await submitWithoutTicket(), -3_600_000);
  await upkeep.tend();
  expect(await waiting()).toBe(1);
});

test('locks from before the clock was set back run out in their usual time', async () => {
  await redis.lpush('bull:jobs:active', 'job_1');
  await redis.set('bull:jobs:job_1:lock', 'token', 'PX', 3_600_000);
  await redis.set('bull:jobs:stalled-check', '1', 'PX', 3_600_000);
  await upkeep.tend();
  for (const key of ['job_1:lock', 'stalled-check'])
    expect(await redis.pttl(`bull:jobs:${key}`)).toBeLessThanOrEqual(6_000);
});
