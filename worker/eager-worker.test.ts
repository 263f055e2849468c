import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId } from '../shared/ids.ts';
import type { JobSpec } from '../shared/job-record.ts';
import { createJobStore, type JobStore } from '../shared/job-store.ts';
import { signal } from '../test/signal.ts';
import { type Consumers, startConsumers } from '../test/start-consumers.ts';
import type { EagerOptions } from './eager-worker.ts';
import type { Attempt } from './run-ticket.ts';

const TTL_SECONDS = 60;
const image = Buffer.from('text');
const spec: JobSpec = {
  model: 'm',
  topK: 5,
  minConfidence: 0,
  format: 'png',
  bytes: image.length,
  createdAt: Date.now(),
};

let consumers: Consumers;
let store: JobStore;
let id: string;

beforeEach(async () => {
  consumers = await startConsumers();
  store = createJobStore(consumers.redis, TTL_SECONDS);
  id = newId('job');
  await store.submit(id, { owner: 'ann', spec, image });
});
afterEach(() => consumers.stop());

const beginNextOn: EagerOptions['beginNextOn'] = (taking) => {
  const { beginNext } = createJobStore(taking, TTL_SECONDS);
  return (token) => beginNext(token, 'w');
};

/** Attempts of a consumer that holds so many tickets, by job. */
async function attemptsAt(ids: string[], concurrency: number): Promise<Map<string, Attempt>> {
  const attempts = new Map<string, Attempt>();
  const all = signal();
  const consumer = consumers.consume({
    beginNextOn,
    concurrency,
    run: async (ran, attempt) => {
      attempts.set(ran, attempt);
      if (attempts.size === ids.length) all.resolve();
    },
  });
  await all.promise;
  await consumer.close(5_000);
  return attempts;
}

/** The first attempt of a consumer that waits for one, begun by `submit`. */
async function attemptAfter(submit: () => Promise<unknown>): Promise<Attempt> {
  const run = signal<Attempt>();
  const consumer = consumers.consume({
    beginNextOn,
    run: async (_id, attempt) => run.resolve(attempt),
  });
  await consumers.untilIdle();
  await submit();
  const attempt = await run.promise;
  await consumer.close(5_000);
  return attempt;
}

test('a job that comes to an idle worker has begun when its ticket is there, and brings its image', async () => {
  const { begun } = await attemptAfter(() => consumers.queue.add(id));
  expect(begun).toEqual({ id, state: 'begun', spec, image, turnsAhead: 0 });
  expect(await store.read(id)).toMatchObject({ status: 'processing', attempts: 1, worker: 'w' });
});

test('so does one of a batch', async () => {
  const { begun, isOfBatch } = await attemptAfter(() => consumers.queue.addOfBatch([id]));
  expect(isOfBatch).toBe(true);
  expect(begun).toMatchObject({ id, image });
});

test('a job that was canceled before is not begun', async () => {
  await store.cancel(id, 'ann');
  const { begun } = await attemptAfter(() => consumers.queue.add(id));
  expect(begun).toEqual({ id, state: 'final' });
});

test('a worker that holds one job at a time has the next begun when the last has ended', async () => {
  const ids = [id, newId('job'), newId('job')];
  for (const next of ids.slice(1)) await store.submit(next, { owner: 'ann', spec, image });
  for (const next of ids) await consumers.queue.add(next);
  const attempts = await attemptsAt(ids, 1);
  for (const next of ids.slice(1)) {
    expect(attempts.get(next)?.begun).toEqual({
      id: next,
      state: 'begun',
      spec,
      image,
      turnsAhead: 0,
    });
    expect(await store.read(next)).toMatchObject({ attempts: 1 });
  }
});

test('one that holds several has the next one here already, and asks for none', async () => {
  const ids = [id, newId('job'), newId('job'), newId('job')];
  for (const next of ids) await consumers.queue.add(next);
  const attempts = await attemptsAt(ids, 2);
  expect([...attempts.values()].map(({ begun }) => begun)).toEqual(ids.map(() => undefined));
});

test('the image comes also where Redis has forgotten its scripts', async () => {
  const { begun } = await attemptAfter(async () => {
    await consumers.redis.script('FLUSH', 'SYNC');
    await consumers.queue.add(id);
  });
  expect(begun).toMatchObject({ id, image });
  expect(await store.read(id)).toMatchObject({ attempts: 1 });
});

test('a worker that is lost while it waits takes nothing along', async () => {
  const lost = consumers.consume({ beginNextOn });
  await consumers.untilIdle();
  consumers.loseAll();
  await lost.close(1);
  await consumers.queue.add(id);
  expect(await consumers.consumeNext(1)).toMatchObject({ ids: [id] });
});

test('only the job whose ticket was taken last is begun, and only for who took it', async () => {
  const other = newId('job');
  await store.submit(other, { owner: 'ann', spec, image });
  await consumers.redis.lpush('bull:jobs:active', other, id);
  await consumers.redis.mset(`bull:jobs:${other}:lock`, 'first', `bull:jobs:${id}:lock`, 'last');
  expect(await store.beginNext('first', 'w')).toBeUndefined();
  expect(await store.read(other)).toMatchObject({ status: 'queued', attempts: 0 });
  expect(await store.beginNext('last', 'w')).toMatchObject({ id, state: 'begun', image });
});
