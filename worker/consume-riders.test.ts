import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBatchStore } from '../shared/batch-store.ts';
import { createRiders, type Riders } from '../shared/riders.ts';
import { fillBatch } from '../test/fill-batch.ts';
import { signal } from '../test/signal.ts';
import { type Consumers, startConsumers } from '../test/start-consumers.ts';
import { until } from '../test/until.ts';
import { NoFreeChild } from './pool/waiting-images.ts';

let consumers: Consumers;
let consume: Consumers['consume'];
let queue: Consumers['queue'];

beforeEach(async () => {
  consumers = await startConsumers();
  ({ consume, queue } = consumers);
});
afterEach(() => consumers.stop());

/** A queue with one ticket of a batch, that of its first job, and 99 jobs that may ride with it. */
async function batchOf100(): Promise<{ jobs: string[]; riders: Riders }> {
  const { redis } = consumers;
  const { jobs } = await fillBatch(createBatchStore(redis, 60), 'ann', 100);
  await redis.lpop((await redis.keys('*:pending'))[0] ?? '');
  await queue.addOfBatch(jobs.slice(0, 1));
  return { jobs, riders: createRiders(redis, queue) };
}

test('a ticket of a batch takes others along, and goes when all are done', async () => {
  const { jobs, riders } = await batchOf100();
  const ran: string[] = [];
  const all = signal();
  const consumer = consume({
    riders,
    groupSize: () => 4,
    run: async (id) => {
      ran.push(id);
      if (ran.length === 4) all.resolve();
      await all.promise;
    },
  });
  await all.promise;
  await consumer.close(5_000);
  expect(ran).toEqual(jobs.slice(0, 4));
  expect(await queue.counts()).toEqual({ waiting: 0, active: 0 });
});

test('riders go where their ticket goes: to another worker when theirs is lost, and into the next attempt', async () => {
  const { jobs, riders } = await batchOf100();
  const began = signal();
  const lost = consume({
    riders,
    groupSize: () => 4,
    run: async (id) => {
      if (id === jobs[3]) began.resolve();
      await new Promise(() => undefined);
    },
  });
  await began.promise;
  consumers.loseAll();
  const ran: [string, boolean][] = [];
  const again = signal();
  const next = consume({
    run: async (id, { isLastAttempt }) => {
      ran.push([id, isLastAttempt]);
      if (id === jobs[2] && !isLastAttempt) throw new Error('once');
      if (ran.length === 8) again.resolve();
    },
  });
  await again.promise;
  await next.close(5_000);
  await lost.close(1);
  expect(ran).toEqual(
    [false, true].flatMap((isLast) => jobs.slice(0, 4).map((id) => [id, isLast])),
  );
  expect(await queue.counts()).toEqual({ waiting: 0, active: 0 });
});

test('a ticket that is tried again takes nobody along, who would have fewer attempts', async () => {
  const { jobs, riders } = await batchOf100();
  const ran: string[] = [];
  const second = signal();
  const consumer = consume({
    riders,
    groupSize: () => (ran.length === 0 ? 1 : 4),
    run: async (id, { isLastAttempt }) => {
      ran.push(id);
      if (!isLastAttempt) throw new Error('once');
      second.resolve();
    },
  });
  await second.promise;
  await consumer.close(5_000);
  expect(ran).toEqual([jobs[0], jobs[0]]);
});

test('a worker that stops gives a ticket back with its riders', async () => {
  const { jobs, riders } = await batchOf100();
  const began = signal();
  const released: string[] = [];
  const stuck = consume({
    riders,
    groupSize: () => 4,
    run: async (id) => {
      if (id === jobs[3]) began.resolve();
      if (id !== jobs[0]) await new Promise(() => undefined);
    },
    release: async (id) => void released.push(id),
  });
  await began.promise;
  await stuck.close(1);
  expect(released).toEqual(jobs.slice(1, 4));
  expect((await consumers.consumeNext(4)).ids).toEqual(jobs.slice(0, 4));
});

test('while tickets bring riders no more of them are held', async () => {
  const { jobs, riders } = await batchOf100();
  await queue.addOfBatch(jobs.slice(1, 9));
  const full = signal();
  let most = 0;
  let held = 0;
  let done = 0;
  const consumer = consume({
    concurrency: 2,
    mostHeld: () => 8,
    riders,
    groupSize: () => 4,
    run: async () => {
      held += 1;
      most = Math.max(most, held);
      if (held === 8) full.resolve();
      await full.promise;
      await new Promise(setImmediate);
      held -= 1;
      done += 1;
    },
  });
  await until(queue.counts, ({ waiting, active }) => waiting + active === 0);
  await consumer.close(5_000);
  expect(most).toBe(8);
  expect(done).toBeGreaterThan(30);
});

test('a rider waits for no other that hangs where another worker could have it', async () => {
  const { jobs, riders } = await batchOf100();
  const stuck = consume({
    riders,
    groupSize: () => 4,
    run: async (id) => {
      if (id !== jobs[0]) throw new NoFreeChild();
      await new Promise(() => undefined);
    },
  });
  await until(queue.counts, ({ active }) => active > 0);
  expect((await consumers.consumeNext(3)).ids.sort()).toEqual(jobs.slice(1, 4));
  await until(queue.counts, ({ waiting, active }) => waiting === 0 && active === 1);
  await stuck.close(1);
});
