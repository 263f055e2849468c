import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { image, internal, specNow, succeeded } from '../test/fill-batch.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { until } from '../test/until.ts';
import { createBatchFeed } from './batch-feed.ts';
import { parseConfig } from './config.ts';
import { createDeadLetters } from './dead-letters.ts';
import { newId } from './ids.ts';
import { createImageStoreReader } from './image-store.ts';
import { createJobStore, type JobStore } from './job-store.ts';
import { createJobQueue } from './queue.ts';

let server: TestRedis;
let redis: Redis;
let store: JobStore;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = createJobStore(redis, 60);
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const cause = new Error('no session', { cause: new Error('the disk is gone') });

const lettersOf = (env: Record<string, string> = {}, maxLetters?: number) =>
  createDeadLetters(redis, parseConfig({ RESULT_TTL: '60', DEAD_TTL: '60', ...env }), maxLetters);

async function submit(): Promise<string> {
  const id = newId('job');
  await store.submit(id, { owner: 'ann', spec: specNow(), image });
  await store.begin(id, 'w');
  return id;
}

/** Keys of dead letters that are there. */
const keys = async () => (await redis.keys('darkroom:dead*')).sort();
const idsOf = async (dead: ReturnType<typeof lettersOf>) =>
  (await dead.list(undefined, 100)).letters.map(({ id }) => id);

test('keeps what was given up with its cause and its image, and the job is final', async () => {
  const dead = lettersOf();
  const id = await submit();
  expect((await dead.bury(id, internal, cause)).changed).toBe(true);
  const letter = await dead.read(id);
  expect(letter).toMatchObject({ id, record: { owner: 'ann', attempts: 1, worker: 'w' } });
  expect(letter?.cause).toMatch(/^Error: no session\n +at /);
  expect(letter?.cause).toContain('the disk is gone');
  expect(letter?.record).toEqual(await store.read(id));
  expect(letter?.record).toMatchObject({ status: 'failed', result: { outcome: internal.outcome } });
  expect(await dead.readImage(id)).toEqual(image);
  expect(await dead.list(undefined, 1)).toEqual({ letters: [letter], next: letter?.diedAt });
});

test('counts no image of a dead letter as one that waits', async () => {
  await lettersOf().bury(await submit(), internal, cause);
  expect(await createImageStoreReader(redis)()).toEqual({ images: 0, bytes: 0 });
});

test('buries no job that is final, nor one that is gone', async () => {
  const dead = lettersOf();
  const id = await submit();
  await store.finish(id, succeeded);
  expect((await dead.bury(id, internal, cause)).changed).toBe(false);
  expect((await dead.bury(newId('job'), internal, cause)).changed).toBe(false);
  expect((await store.read(id))?.status).toBe('succeeded');
  expect(await keys()).toEqual([]);
});

test('cuts a cause that is endless', async () => {
  const dead = lettersOf();
  const id = await submit();
  await dead.bury(id, internal, new Error('x'.repeat(100_000)));
  expect((await dead.read(id))?.cause).toHaveLength(4_000);
});

test('a retry is a new job with the old image, owner and options, and the letter has gone', async () => {
  const dead = lettersOf();
  const id = await submit();
  await dead.bury(id, internal, cause);
  const retried = await dead.retry(id);
  expect(retried?.record).toEqual(await store.read(retried?.id ?? ''));
  expect(retried?.record).toMatchObject({ owner: 'ann', status: 'queued', retryOf: id });
  expect((await store.list('ann', undefined, 1)).map((job) => job.id)).toEqual([retried?.id]);
  expect(await keys()).toEqual([]);
  expect(await createImageStoreReader(redis)()).toEqual({ images: 1, bytes: image.length });
  expect(await store.begin(retried?.id ?? '', 'w')).toMatchObject({ spec: { topK: 1 }, image });
  expect(await redis.ttl(`darkroom:image:${retried?.id}`)).toBeLessThanOrEqual(60);
  expect((await store.read(id))?.status).toBe('failed');
});

test('the next worker that looks gives a retry its ticket', async () => {
  const dead = lettersOf();
  const id = await submit();
  await dead.bury(id, internal, cause);
  const retried = await dead.retry(id);
  const queue = createJobQueue(redis, { onError: () => undefined });
  await createBatchFeed(redis, queue).feed();
  expect(await redis.zrange('bull:jobs:prioritized', '0', '-1')).toEqual([retried?.id]);
  expect(await redis.exists('darkroom:fed')).toBe(0);
});

test('of many retries at the same time one makes a job', async () => {
  const dead = lettersOf();
  const id = await submit();
  await dead.bury(id, internal, cause);
  const retries = await Promise.all(Array.from({ length: 20 }, () => dead.retry(id)));
  expect(retries.filter((retried) => retried !== undefined)).toHaveLength(1);
  expect(await redis.keys('darkroom:image:*')).toHaveLength(1);
  expect(await store.list('ann', undefined, 100)).toHaveLength(2);
});

test('a letter that is dropped leaves nothing, and is there no second time', async () => {
  const dead = lettersOf();
  const id = await submit();
  await dead.bury(id, internal, cause);
  expect(await dead.drop(id)).toBe(true);
  expect(await dead.drop(id)).toBe(false);
  expect(await dead.retry(id)).toBeUndefined();
  expect(await keys()).toEqual([]);
  for (const odd of ['bytes', '', `${id}:image`]) {
    expect(await dead.read(odd)).toBeUndefined();
    expect(await dead.drop(odd)).toBe(false);
  }
});

test('a job that is erased leaves no dead letter', async () => {
  const dead = lettersOf();
  const id = await submit();
  await dead.bury(id, internal, cause);
  expect(await store.erase(id, 'ann')).toBe('erased');
  expect(await keys()).toEqual([]);
});

test.each([
  ['letters', {}, 3],
  ['bytes', { QUEUE_BYTES_LIMIT: '1MiB' }, undefined],
])('drops the oldest where there are too many %s', async (_what, env, maxLetters) => {
  const dead = lettersOf(env, maxLetters);
  const bytes = (2 ** 20 / 8 / 3) | 0;
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    const id = newId('job');
    const large = Buffer.alloc(bytes, 1);
    const spec = { ...specNow(), bytes };
    await store.submit(id, { owner: 'ann', spec, image: large });
    await dead.bury(id, internal, cause);
    ids.push(id);
  }
  expect(await idsOf(dead)).toEqual(ids.slice(2).reverse());
  expect(await redis.keys('darkroom:dead:*:image')).toHaveLength(3);
  expect(await redis.get('darkroom:dead:bytes')).toBe(String(3 * bytes));
});

test('keeps the last letter, however large its image is', async () => {
  const dead = lettersOf({ QUEUE_BYTES_LIMIT: '1MiB' });
  const id = newId('job');
  const large = Buffer.alloc(2 ** 20, 1);
  await store.submit(id, { owner: 'ann', spec: { ...specNow(), bytes: 2 ** 20 }, image: large });
  await dead.bury(id, internal, cause);
  expect(await idsOf(dead)).toEqual([id]);
});

test('is kept for DEAD_TTL also after the job has expired, and then nothing is left of it', async () => {
  const dead = lettersOf({ DEAD_TTL: '2' });
  store = createJobStore(redis, 1);
  const id = await submit();
  store = createJobStore(redis, 60);
  await dead.bury(id, internal, cause);
  await until(
    () => store.read(id),
    (job) => job === undefined,
  );
  expect(await dead.readImage(id)).toEqual(image);
  await until(keys, (left) => left.length === 0);
});

test('counts no letter any more that has expired while others came', async () => {
  const [short, long] = [lettersOf({ DEAD_TTL: '1' }), lettersOf()];
  const first = await submit();
  await short.bury(first, internal, cause);
  // As it is while others come: the list lives on.
  await redis.persist('darkroom:dead');
  await redis.persist('darkroom:dead:bytes');
  await until(
    () => short.read(first),
    (letter) => letter === undefined,
  );
  const second = await submit();
  await short.bury(second, internal, cause);
  expect(await redis.zcard('darkroom:dead')).toBe(1);
  expect(await redis.get('darkroom:dead:bytes')).toBe(String(image.length));
  expect(await idsOf(long)).toEqual([second]);
});

test('buries also where Redis is out of memory', async () => {
  const dead = lettersOf();
  const id = await submit();
  await redis.config('SET', 'maxmemory', '1');
  try {
    expect((await dead.bury(id, internal, cause)).changed).toBe(true);
  } finally {
    await redis.config('SET', 'maxmemory', '0');
  }
  expect(await dead.readImage(id)).toEqual(image);
});
