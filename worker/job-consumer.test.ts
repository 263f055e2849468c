import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBatchStore } from '../shared/batch-store.ts';
import { createLogger } from '../shared/logger.ts';
import { createJobQueue, type JobQueue } from '../shared/queue.ts';
import { createPatientRedis } from '../shared/redis.ts';
import { createRiders, type Riders } from '../shared/riders.ts';
import { fillBatch } from '../test/fill-batch.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { signal } from '../test/signal.ts';
import { silentFaults } from '../test/silent-faults.ts';
import { until } from '../test/until.ts';
import { createJobConsumer, type JobConsumer, type JobConsumerOptions } from './job-consumer.ts';
import { NoFreeChild } from './pool/waiting-images.ts';

const log = createLogger('test', 'silent');
let server: TestRedis;
let connections: Redis[];
let queue: JobQueue;

beforeEach(async () => {
  server = await startRedis();
  const redis = new Redis(server.url);
  connections = [redis];
  queue = createJobQueue(redis, { onError: () => undefined });
});
afterEach(async () => {
  for (const connection of connections) connection.disconnect();
  await server.stop();
});

function consume(options: Partial<JobConsumerOptions>): JobConsumer {
  const connection = createPatientRedis(server.url);
  connection.on('error', () => undefined);
  connections.push(connection);
  const nothing = async () => undefined;
  return createJobConsumer({
    connection,
    concurrency: 1,
    maxAttempts: 2,
    log,
    faults: silentFaults,
    run: nothing,
    release: nothing,
    ...options,
  });
}

test('a job that throws is tried again, and the last attempt knows that it is the last', async () => {
  const attempts: boolean[] = [];
  const second = signal();
  const consumer = consume({
    run: async (_id, { isLastAttempt }) => {
      attempts.push(isLastAttempt);
      if (!isLastAttempt) throw new Error('once');
      second.resolve();
    },
  });
  await queue.add('job_1');
  await second.promise;
  await consumer.close(5_000);
  expect(attempts).toEqual([false, true]);
  expect(await queue.counts()).toEqual({ waiting: 0, active: 0 });
});

test('more jobs are held while more wait, one with each that ends, and no more when the queue is empty', async () => {
  const ends: (() => void)[] = [];
  const end = () => ends.shift()?.();
  const consumer = consume({
    concurrency: 1,
    mostHeld: () => 3,
    run: () =>
      new Promise((resolve) => {
        ends.push(resolve);
      }),
  });
  const held = (count: number) =>
    until(
      async () => ({ running: ends.length, ...(await queue.counts()) }),
      ({ running, active }) => running === count && active === count,
    );
  for (const each of [1, 2, 3, 4, 5, 6]) await queue.add(`job_${each}`);
  await held(1);
  expect(await queue.counts()).toMatchObject({ waiting: 5 });
  end();
  await held(2);
  expect(await queue.counts()).toMatchObject({ waiting: 3 });
  end();
  await held(3);
  expect(await queue.counts()).toMatchObject({ waiting: 1 });
  for (const left of [3, 2, 1, 0]) {
    end();
    await held(left);
  }
  for (const each of [7, 8, 9]) await queue.add(`job_${each}`);
  await held(1);
  expect(await queue.counts()).toMatchObject({ waiting: 2 });
  for (const _ of [7, 8, 9]) {
    await until(
      async () => ends.length,
      (running) => running > 0,
    );
    end();
  }
  await consumer.close(5_000);
});

test('the loss of a worker costs no attempt', async () => {
  const started = signal();
  const lost = consume({
    run: async () => {
      started.resolve();
      await new Promise(() => undefined);
    },
  });
  await queue.add('job_1');
  await started.promise;
  // What a kill -9 leaves behind: a ticket that is held, and nobody who renews its lock.
  for (const connection of connections.slice(1)) connection.disconnect();
  const again = signal<boolean>();
  const next = consume({ run: async (_id, { isLastAttempt }) => again.resolve(isLastAttempt) });
  expect(await again.promise).toBe(false);
  await next.close(5_000);
  await lost.close(1);
});

test('closing lets a running job end', async () => {
  const started = signal();
  const finish = signal();
  const consumer = consume({
    run: async () => {
      started.resolve();
      await finish.promise;
    },
  });
  await queue.add('job_1');
  await started.promise;
  const closing = consumer.close(20_000);
  finish.resolve();
  await closing;
  expect(await queue.counts()).toEqual({ waiting: 0, active: 0 });
});

test('a job that has not ended by the deadline goes back to the queue at once, without costing an attempt', async () => {
  const started = signal();
  const released: string[] = [];
  const stuck = consume({
    run: async () => {
      started.resolve();
      await new Promise(() => undefined);
    },
    release: async (id) => void released.push(id),
  });
  await queue.add('job_1');
  await started.promise;
  await stuck.close(1);
  expect(released).toEqual(['job_1']);
  expect(await queue.counts()).toEqual({ waiting: 1, active: 0 });

  const again = signal<boolean>();
  const next = consume({ run: async (_id, { isLastAttempt }) => again.resolve(isLastAttempt) });
  expect(await again.promise).toBe(false);
  await next.close(5_000);
});

test('a job for which no child is free goes back to the queue at once, without costing an attempt', async () => {
  const released: [string, boolean][] = [];
  const ran = signal<boolean>();
  let runs = 0;
  const consumer = consume({
    maxAttempts: 1,
    run: async (_id, { isLastAttempt }) => {
      runs += 1;
      if (runs < 3) throw new NoFreeChild();
      ran.resolve(isLastAttempt);
    },
    release: async (...args) => void released.push(args),
  });
  await queue.add('job_1');
  await ran.promise;
  await consumer.close(5_000);
  expect(released).toEqual([
    ['job_1', false],
    ['job_1', false],
  ]);
  expect(await queue.counts()).toEqual({ waiting: 0, active: 0 });
});

test('a ticket that is gone when its job has ended is no fault of the queue', async () => {
  const seen: string[] = [];
  const second = signal();
  const consumer = consume({
    faults: { seen: (what) => seen.push(what), over: () => undefined },
    run: async (id) => {
      if (id === 'job_2') return second.resolve();
      await connections[0]?.del(`bull:jobs:${id}`);
    },
  });
  await queue.add('job_1');
  await queue.add('job_2');
  await second.promise;
  await consumer.close(5_000);
  expect(seen).toEqual([]);
});

test('closing resolves also where Redis is gone', async () => {
  const started = signal();
  const consumer = consume({
    run: async () => {
      started.resolve();
      await new Promise(() => undefined);
    },
  });
  await queue.add('job_1');
  await started.promise;
  await server.stop();
  await consumer.close(1);
});

/** A queue with one ticket of a batch, that of its first job, and 99 jobs that may ride with it. */
async function batchOf100(): Promise<{ jobs: string[]; riders: Riders }> {
  const redis = new Redis(server.url);
  connections.push(redis);
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
  for (const connection of connections.slice(2)) connection.disconnect();
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
  const ran: string[] = [];
  const all = signal();
  const next = consume({
    run: async (id) => {
      ran.push(id);
      if (ran.length === 4) all.resolve();
    },
  });
  await all.promise;
  await next.close(5_000);
  expect(ran).toEqual(jobs.slice(0, 4));
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
  const ran: string[] = [];
  const all = signal();
  await until(queue.counts, ({ active }) => active > 0);
  const next = consume({
    run: async (id) => {
      ran.push(id);
      if (ran.length === 3) all.resolve();
    },
  });
  await all.promise;
  await next.close(5_000);
  expect(ran.sort()).toEqual(jobs.slice(1, 4));
  await until(queue.counts, ({ waiting, active }) => waiting === 0 && active === 1);
  await stuck.close(1);
});
