import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../shared/ids.ts';
import type { JobSpec } from '../shared/job-record.ts';
import { createRedis } from '../shared/redis.ts';
import { countCommands } from '../test/api/count-commands.ts';
import { failed, submit, succeeded, work } from '../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../test/api/start-api.ts';
import { firstBytes } from '../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';

let redis: TestRedis;
let api: StartedApi;
/** What reading a job once costs; but for `work`, which does it once for the word, nothing else here sends this command. */
let reads: ReturnType<typeof countCommands>;

beforeAll(async () => {
  redis = await startRedis();
  api = await startApi({ redisUrl: redis.url });
  reads = countCommands(redis.url, 'hgetall');
});

afterAll(async () => {
  reads.close();
  await api.stop();
  await redis.stop();
});

const spec: JobSpec = {
  model: 'm',
  topK: 5,
  minConfidence: 0,
  format: 'png',
  bytes: firstBytes.png.length,
  createdAt: Date.now(),
};

/** Puts a job into the store, as a submission does, without reading anything. */
async function store(): Promise<string> {
  const id = newId('job');
  await api.store.submit(id, { owner: '', spec, image: firstBytes.png });
  return id;
}

const wait = (id: string, seconds: number, init: RequestInit = {}) =>
  api.call(`/v1/jobs/${id}?wait=${seconds}`, init);

test('is woken by the word that a job is final, which brings its record, so that it is read once', async () => {
  // The first call reads the keys, too.
  await submit(api);
  const id = await store();
  const before = await reads.count();
  const waiting = Array.from({ length: 10 }, () => wait(id, 60));
  await reads.reaches(before + 10);
  // This wait takes a second, in which whoever polled would read again.
  expect((await wait(await store(), 1)).body.status).toBe('queued');
  await work(api.store, id, succeeded);
  const answers = await Promise.all(waiting);
  expect(answers.map(({ body }) => body.status)).toEqual(Array(10).fill('succeeded'));
  expect(await reads.count()).toBe(before + 10 + 2 + 1);
});

test('does not read a job that was submitted here until it was heard of', async () => {
  const ids = [await submit(api), await submit(api)];
  const before = await reads.count();
  const waiting = ids.map((id) => wait(id, 60));
  for (const id of ids) await work(api.store, id, succeeded);
  const answers = await Promise.all(waiting);
  expect(answers.map(({ body }) => body.status)).toEqual(['succeeded', 'succeeded']);
  expect(await reads.count()).toBe(before + 2);
});

test('answers with such a job as it stands when the wait ends', async () => {
  expect((await wait(await submit(api), 0.1)).body.status).toBe('queued');
});

test('does not miss that such a job is final while no word can be heard', async () => {
  const id = await submit(api);
  const client = createRedis(redis.url);
  await once(client, 'ready');
  const waiting = wait(id, 60);
  await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await work(api.store, id, succeeded);
  expect((await waiting).body.status).toBe('succeeded');
  expect((await wait(id, 60)).body.status).toBe('succeeded');
  client.disconnect();
});

test("tells nobody of another key's job, and at once", async () => {
  const guarded = await startApi({ redisUrl: redis.url, env: { API_KEYS: 'alice:a,bob:b' } });
  const as = (key: string) => ({ headers: { Authorization: `Bearer ${key}` } });
  const { body } = await guarded.call('/v1/jobs', {
    method: 'POST',
    body: firstBytes.png,
    ...as('a'),
  });
  expect((await guarded.call(`/v1/jobs/${body.id}?wait=60`, as('b'))).status).toBe(404);
  await guarded.stop();
});

test('answers a wait for a final job at once', async () => {
  const id = await submit(api);
  await work(api.store, id, failed);
  const before = await reads.count();
  expect((await wait(id, 60)).body.status).toBe('failed');
  expect(await reads.count()).toBe(before + 1);
});

test('wakes those who wait for a job when it is canceled', async () => {
  const id = await store();
  const before = await reads.count();
  const waiting = wait(id, 60);
  await reads.reaches(before + 1);
  await api.call(`/v1/jobs/${id}`, { method: 'DELETE' });
  expect((await waiting).body.status).toBe('canceled');
});

test('holds the answer while a job begins, and is tried again', async () => {
  const id = await store();
  const before = await reads.count();
  const waiting = wait(id, 60);
  await reads.reaches(before + 1);
  await api.store.begin(id, 'first');
  await api.store.release(id);
  await work(api.store, id, succeeded);
  expect((await waiting).body).toMatchObject({ status: 'succeeded', attempts: 2 });
});

test('lets go of a job when the caller hangs up', async () => {
  const id = await store();
  const before = await reads.count();
  const hangUp = new AbortController();
  const waiting = wait(id, 60, { signal: hangUp.signal });
  await reads.reaches(before + 1);
  hangUp.abort();
  await expect(waiting).rejects.toThrow('aborted');
  // The wait ends as a wake-up does: by reading once more.
  await reads.reaches(before + 2);
  await work(api.store, id, succeeded);
  expect(await reads.count()).toBe(before + 2 + 1);
});

test('answers open waits with the job as it stands when the API stops', async () => {
  const stopping = await startApi({ redisUrl: redis.url });
  const id = await store();
  const before = await reads.count();
  const waiting = stopping.call(`/v1/jobs/${id}?wait=60`);
  await reads.reaches(before + 1);
  const stopped = stopping.beginStop();
  expect(await waiting).toMatchObject({ status: 200, body: { status: 'queued' } });
  await stopped;
  await stopping.stop();
});

test('a key has at most 1,000 waits open, and what is refused does not disturb them', async () => {
  const id = await store();
  const before = await reads.count();
  const others = new AbortController();
  const waiting = Array.from({ length: 1_000 }, (_, index) =>
    wait(id, 60, index < 10 ? {} : { signal: others.signal }),
  );
  await reads.reaches(before + 1_000);
  const { status, headers, body } = await wait(id, 60);
  expect({ status, code: body.code }).toEqual({ status: 429, code: 'rate_limited' });
  expect(headers.get('retry-after')).toBe('1');
  expect((await api.call(`/v1/jobs/${id}`)).body.status).toBe('queued');
  const classify = await api.call('/v1/classify', { method: 'POST', body: firstBytes.png });
  expect(classify.status).toBe(429);

  others.abort();
  await Promise.allSettled(waiting.slice(10));
  await work(api.store, id, succeeded);
  const answers = await Promise.all(waiting.slice(0, 10));
  expect(answers.map((answer) => answer.body.status)).toEqual(Array(10).fill('succeeded'));
  expect((await wait(await store(), 0.01)).status).toBe(200);
});
