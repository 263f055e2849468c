import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  failed,
  fillBatch,
  image,
  internal,
  openWith,
  specNow,
  succeeded,
} from '../test/fill-batch.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import type { BatchRecord } from './batch-record.ts';
import { type BatchStore, createBatchStore } from './batch-store.ts';
import { parseConfig } from './config.ts';
import { createDeadLetters, type DeadLetters } from './dead-letters.ts';
import { FINAL_CHANNEL } from './final-word.ts';
import { newId } from './ids.ts';
import type { JobResult } from './job-record.ts';
import { createJobStore, type JobStore } from './job-store.ts';

let server: TestRedis;
let redis: Redis;
let batches: BatchStore;
let store: JobStore;
let dead: DeadLetters;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  batches = createBatchStore(redis, 60);
  store = createJobStore(redis, 60);
  dead = createDeadLetters(redis, parseConfig({ RESULT_TTL: '60', DEAD_TTL: '60' }));
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

async function read(id: string): Promise<BatchRecord> {
  const record = await batches.read(id);
  if (!record) throw new Error('The batch is gone.');
  return record;
}

function sum({ counts: { total: _total, ...parts } }: BatchRecord): number {
  return Object.values(parts).reduce((all, part) => all + part, 0);
}

const finish = async (id: string, result: JobResult) => {
  await store.begin(id, 'w');
  await store.finish(id, result);
};

test('counts sum to the total in every answer while 64 workers begin, release, finish and repeat, and are right at last', async () => {
  const { batch, jobs } = await openWith(batches, 'ann', 600);
  const todo = jobs.flatMap((id) => [id, id]);
  let isOver = false;
  const work = async (turn: number) => {
    const connection = new Redis(server.url);
    const own = createJobStore(connection, 60);
    for (let id = todo.pop(); id; id = todo.pop()) {
      await own.begin(id, `w-${turn}`);
      if (todo.length % 3 === 0) await own.release(id);
      if (todo.length % 5 === 0) await own.begin(id, 'another');
      await own.finish(id, todo.length % 7 === 0 ? failed : succeeded);
    }
    connection.disconnect();
  };
  const watch = async () => {
    const seen = new Set<string>();
    while (!isOver) {
      const record = await read(batch);
      expect(sum(record)).toBe(record.counts.total);
      seen.add(JSON.stringify(record.counts));
    }
    return seen.size;
  };
  const watching = watch();
  await Promise.all(Array.from({ length: 64 }, (_, turn) => work(turn)));
  await batches.close(batch);
  isOver = true;
  expect(await watching).toBeGreaterThan(10);
  const { counts, status, finishedAt } = await read(batch);
  expect(status).toBe('completed');
  expect(finishedAt).toBeDefined();
  expect(counts).toMatchObject({ total: 600, queued: 0, processing: 0, canceled: 0 });
  expect(counts.succeeded + counts.failed).toBe(600);
});

test('a job that runs twice counts once, as it ended first', async () => {
  const { batch, jobs } = await fillBatch(batches, 'ann', 2);
  const [first = ''] = jobs;
  await store.begin(first, 'killed');
  await store.begin(first, 'taking over');
  expect((await read(batch)).counts).toMatchObject({ queued: 1, processing: 1 });
  await store.finish(first, succeeded);
  await store.finish(first, failed);
  expect((await read(batch)).counts).toMatchObject({ queued: 1, succeeded: 1, failed: 0 });
});

test('takes what comes while it is received only, and completes no sooner than that', async () => {
  const { batch, jobs } = await openWith(batches, 'ann', 1);
  await finish(jobs[0] ?? '', succeeded);
  expect(await read(batch)).toMatchObject({ status: 'receiving' });
  expect((await read(batch)).finishedAt).toBeUndefined();
  await batches.close(batch, 'upload_aborted');
  expect(await read(batch)).toMatchObject({ status: 'completed', error: 'upload_aborted' });
  const row = { jobId: newId('job'), id: 'late' };
  const late = { row, spec: specNow(), image };
  expect(await batches.addItems(batch, 'ann', [late])).toMatchObject({ taken: false });
  expect(await redis.exists(`darkroom:image:${row.jobId}`)).toBe(0);
  const wrong = { owner: 'ann', spec: specNow(), code: 'not_an_image', detail: 'None.' } as const;
  expect(await batches.addFailedItem(batch, row, wrong)).toBe(false);
  expect(await batches.touch(batch)).toBe(false);
  expect((await read(batch)).counts.total).toBe(1);
});

test('a batch of which no item was an image completes when it has been received', async () => {
  const { batch } = await openWith(batches, 'ann', 0);
  for (const id of ['a', 'b']) {
    const wrong = { code: 'not_an_image', detail: 'None.' } as const;
    const row = { jobId: newId('job'), id };
    await batches.addFailedItem(batch, row, { owner: 'ann', spec: specNow(), ...wrong });
  }
  expect((await read(batch)).counts).toMatchObject({ total: 2, failed: 2, queued: 0 });
  await batches.close(batch);
  const { status, finishedAt } = await read(batch);
  expect(status).toBe('completed');
  expect(finishedAt).toBeDefined();
});

test('publishes its id once, when it is finished, and those of its jobs without their records', async () => {
  const heard: string[] = [];
  const subscriber = new Redis(server.url);
  subscriber.on('message', (_channel, word) => heard.push(word));
  await subscriber.subscribe(FINAL_CHANNEL);
  const { batch, jobs } = await fillBatch(batches, 'ann', 3);
  for (const id of jobs) await finish(id, succeeded);
  await batches.close(batch);
  await redis.publish(FINAL_CHANNEL, 'last');
  await expect.poll(() => heard).toContain('last');
  expect(heard).toEqual([...jobs.slice(0, 2), batch, jobs[2], 'last']);
  subscriber.disconnect();
});

describe('a cancellation in the middle', () => {
  test('ends at once what has not begun, and lets what runs end', async () => {
    const { batch, jobs } = await fillBatch(batches, 'ann', 450);
    await finish(jobs[0] ?? '', succeeded);
    await store.begin(jobs[1] ?? '', 'w');
    expect(await batches.cancel(batch, 'bob')).toBe('unknown');
    expect(await batches.cancel(batch, 'ann')).toBe('canceled');
    const { status, counts, finishedAt } = await read(batch);
    expect({ status, finishedAt }).toEqual({ status: 'canceled', finishedAt: undefined });
    expect(counts).toMatchObject({ queued: 0, processing: 1, succeeded: 1, canceled: 448 });
    await store.finish(jobs[1] ?? '', succeeded);
    expect((await read(batch)).counts).toMatchObject({ total: 450, succeeded: 2, canceled: 448 });
    expect((await read(batch)).finishedAt).toBeDefined();
    expect(await batches.cancel(batch, 'ann')).toBe('already_finished');
    expect(await redis.keys('darkroom:image:*')).toEqual([]);
  });

  test('keeps a running one from another attempt', async () => {
    const { batch, jobs } = await fillBatch(batches, 'ann', 1);
    await store.begin(jobs[0] ?? '', 'w');
    await batches.cancel(batch, 'ann');
    await store.release(jobs[0] ?? '');
    expect(await store.begin(jobs[0] ?? '', 'w')).toEqual({ state: 'cancellation_requested' });
  });

  test('lets nothing begin, and is brought to its end by another, where the first canceller died half way', async () => {
    const { batch, jobs } = await fillBatch(batches, 'ann', 3);
    await redis.hset(`darkroom:batch:${batch}`, 'status', 'canceled');
    expect(await store.begin(jobs[2] ?? '', 'w')).toEqual({ state: 'cancellation_requested' });
    expect(await batches.cancel(batch, 'ann')).toBe('canceled');
    expect((await read(batch)).counts).toMatchObject({ total: 3, canceled: 3 });
    expect((await read(batch)).finishedAt).toBeDefined();
  });
});

test('erasing leaves nothing of it, and nothing that is counted as stored', async () => {
  const { batch, jobs } = await fillBatch(batches, 'ann', 3);
  await dead.bury(jobs[0] ?? '', internal, new Error('ours'));
  expect(await dead.readImage(jobs[0] ?? '')).toEqual(image);
  expect(await batches.erase(batch, 'ann')).toBe('not_final');
  await batches.cancel(batch, 'ann');
  expect(await batches.erase(batch, 'bob')).toBe('unknown');
  expect(await batches.erase(batch, 'ann')).toBe('erased');
  expect(await batches.touch(batch)).toBe(false);
  await batches.close(batch);
  const left = (await redis.keys('*')).filter((key) => !key.startsWith('darkroom:usage:'));
  // The feed forgets its owner at the next turn.
  expect(left.sort()).toEqual(['darkroom:feed', 'darkroom:stored']);
  expect(Object.values(await redis.hgetall('darkroom:stored'))).toEqual(['0', '0']);
});

test('everything of a batch expires', async () => {
  const { batch, jobs } = await fillBatch(batches, 'ann', 2);
  await dead.bury(jobs[0] ?? '', internal, new Error('ours'));
  for (const key of await redis.keys(`darkroom:*`)) {
    if (/^darkroom:(stored|feed|usage:ann)$/.test(key)) continue;
    expect(await redis.ttl(key), key).toBeGreaterThan(0);
  }
  expect(await redis.ttl(`darkroom:batch:${batch}:rows`)).toBeLessThanOrEqual(60);
});

test('reads rows in the order of the upload, with whatever name, from any place', async () => {
  const { batch } = await openWith(batches, 'ann', 0);
  const names = ['=1+1', 'a b, "c"\n', '', '🐈', ' leading'];
  const itemOf = (id: string) => ({ row: { jobId: newId('job'), id }, spec: specNow(), image });
  await batches.addItems(batch, 'ann', names.slice(0, 3).map(itemOf));
  await batches.addItems(batch, 'ann', names.slice(3).map(itemOf));
  const rows = await batches.readRows(batch, 0, 10);
  expect(rows.map(({ id }) => id)).toEqual(names);
  expect((await batches.readRows(batch, 3, 1)).map(({ index, id }) => [index, id])).toEqual([
    [3, '🐈'],
  ]);
  expect(await batches.readRows(batch, 5, 10)).toEqual([]);
});

test('reading the counts is one command of constant size, of 10 items as of 5,000', async () => {
  const calls = async () => {
    const stats = await redis.info('commandstats');
    const counted = [...stats.matchAll(/cmdstat_(?!info)[^:]+:calls=(\d+)/g)];
    return counted.reduce((all, [, count]) => all + Number(count), 0);
  };
  for (const items of [10, 5_000]) {
    const { batch } = await fillBatch(batches, 'ann', items);
    const before = await calls();
    expect((await read(batch)).counts).toMatchObject({ total: items, queued: items });
    expect((await calls()) - before).toBe(1);
    expect(await redis.hlen(`darkroom:batch:${batch}`)).toBeLessThan(20);
  }
});
