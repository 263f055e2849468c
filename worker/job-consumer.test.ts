import { afterEach, beforeEach, expect, test } from 'vitest';
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

test('a single job comes before one of a batch, and an attempt knows which of them it is', async () => {
  await queue.addOfBatch(['job_1']);
  await queue.add('job_2');
  const { ids, attempts } = await consumers.consumeNext(2);
  expect(ids).toEqual(['job_2', 'job_1']);
  expect(attempts).toMatchObject([{ isOfBatch: false }, { isOfBatch: true }]);
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
  consumers.loseAll();
  const { attempts } = await consumers.consumeNext(1);
  expect(attempts[0]?.isLastAttempt).toBe(false);
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

  const { attempts } = await consumers.consumeNext(1);
  expect(attempts[0]?.isLastAttempt).toBe(false);
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
      await consumers.redis.del(`bull:jobs:${id}`);
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
  await consumers.server.stop();
  await consumer.close(1);
});
