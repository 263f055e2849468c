import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createPatientRedis } from '../../shared/redis.ts';
import { failed, succeeded, work } from '../../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { picture } from '../../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { fiveLabels, type StandInWorker, startStandInWorker } from '../../test/stand-in-worker.ts';
import { until } from '../../test/until.ts';

let redis: TestRedis;
let api: StartedApi;
let client: Redis;
let worker: StandInWorker | undefined;

beforeAll(async () => {
  redis = await startRedis();
  client = createPatientRedis(redis.url);
  api = await startApi({ redisUrl: redis.url });
});

afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  await client.flushall();
});

afterAll(async () => {
  await api.stop();
  client.disconnect();
  await redis.stop();
});

const chelsea = picture('chelsea');
const base64 = chelsea.toString('base64');

function classifyJson(body: unknown) {
  return api.call('/v1/classify', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });
}

/** The one job that waits in the queue, and so is not begun. */
async function waitingJob(): Promise<string> {
  const ids = await until(
    () => client.lrange('bull:jobs:wait', 0, -1),
    ({ length }) => length === 1,
  );
  return ids[0] ?? '';
}

const isStatus = (status: string) => (job: { body: { status?: unknown } }) =>
  job.body.status === status;

test.each([
  ['base64', { image: base64, filename: 'chelsea.jpg' }],
  ['a data URL', { image: `data:image/jpeg;base64,${base64}` }],
  ['a file name that is null, as Python clients send', { image: base64, filename: null }],
])('answers %s with five labels, best first, and nothing else', async (_name, body) => {
  worker = startStandInWorker(redis.url);
  const { status, headers, body: answer } = await classifyJson(body);
  expect(status).toBe(200);
  const labels = fiveLabels.status === 'succeeded' ? fiveLabels.predictions : [];
  expect(answer).toEqual({
    predictions: labels.map(({ label, confidence }) => ({ label, confidence })),
    model: api.config.defaultModel,
  });
  const id = headers.get('x-job-id');
  const job = await api.call(`/v1/jobs/${id}`);
  expect(job.body).toMatchObject({ id, status: 'succeeded' });
});

test('takes raw bytes and multipart too', async () => {
  worker = startStandInWorker(redis.url);
  const form = new FormData();
  form.append('image', new Blob([chelsea]));
  for (const body of [chelsea, form]) {
    expect((await api.call('/v1/classify?top_k=2', { method: 'POST', body })).status).toBe(200);
  }
});

test("answers 422 with the job's own error where the image cannot be decoded", async () => {
  const answer = classifyJson({ image: base64 });
  const id = await waitingJob();
  await work(api.store, id, failed);
  await api.queue.remove(id);
  const { status, headers, body } = await answer;
  expect(status).toBe(422);
  expect(body).toMatchObject({ code: 'undecodable_image', detail: 'The pixels end too soon.' });
  expect(headers.get('x-job-id')).toBe(id);
  expect((await api.call(`/v1/jobs/${id}`)).body.error).toEqual(body);
});

test('answers 409 where the job is canceled meanwhile', async () => {
  const answer = classifyJson({ image: base64 });
  const id = await waitingJob();
  await api.call(`/v1/jobs/${id}`, { method: 'DELETE' });
  const { status, headers, body } = await answer;
  expect(status).toBe(409);
  expect(body.code).toBe('job_canceled');
  expect(headers.get('x-job-id')).toBe(id);
});

test('answers 504 with the URL of the job when the wait is over, and the job goes on', async () => {
  const impatient = await startApi({ redisUrl: redis.url, env: { CLASSIFY_TIMEOUT: '300ms' } });
  try {
    await client.config('RESETSTAT');
    const { status, headers, body } = await impatient.call('/v1/classify', {
      method: 'POST',
      body: chelsea,
    });
    const reads = /cmdstat_hgetall:calls=(\d+)/.exec(await client.info('commandstats'))?.[1];
    expect(status).toBe(504);
    const id = headers.get('x-job-id') ?? '';
    expect(headers.get('location')).toBe(`/v1/jobs/${id}`);
    expect(body).toMatchObject({
      code: 'classify_timeout',
      detail: `The job goes on: read it at /v1/jobs/${id}.`,
    });
    // The keys, the models, the job before the wait and after it, where a timer may ring a millisecond early.
    expect(Number(reads)).toBeLessThanOrEqual(6);
    await work(api.store, id, succeeded);
    await api.queue.remove(id);
    expect((await api.call(`/v1/jobs/${id}`)).body.status).toBe('succeeded');
  } finally {
    await impatient.stop();
  }
});

test('cancels a job that has not begun when the client hangs up', async () => {
  const hangUp = new AbortController();
  const init = { method: 'POST', body: chelsea, signal: hangUp.signal };
  const answer = fetch(`${api.url}/v1/classify`, init);
  const id = await waitingJob();
  hangUp.abort();
  await expect(answer).rejects.toThrow(/aborted/);
  await until(() => api.call(`/v1/jobs/${id}`), isStatus('canceled'));
  await until(
    () => api.queue.counts(),
    ({ waiting }) => waiting === 0,
  );
});

test('lets a job end that had begun when the client hung up', async () => {
  const hangUp = new AbortController();
  const init = { method: 'POST', body: chelsea, signal: hangUp.signal };
  const answer = fetch(`${api.url}/v1/classify`, init);
  const id = await waitingJob();
  await api.store.begin(id, 'test-worker');
  hangUp.abort();
  await expect(answer).rejects.toThrow(/aborted/);
  await until(
    () => client.hget(`darkroom:job:${id}`, 'cancel_requested'),
    (asked) => asked === '1',
  );
  await api.store.finish(id, { ...succeeded, finishedAt: Date.now() });
  expect((await api.call(`/v1/jobs/${id}`)).body.status).toBe('succeeded');
  await api.queue.remove(id);
});

test('refuses what /v1/jobs refuses, without a job', async () => {
  const { status, headers, body } = await classifyJson({ image: 'bm8gaW1hZ2U=' });
  expect([status, body.code]).toEqual([415, 'not_an_image']);
  expect(headers.has('x-job-id')).toBe(false);
});

test('names the job, and does not cancel it, when the API stops', async () => {
  const stopping = await startApi({ redisUrl: redis.url });
  const answer = stopping.call('/v1/classify', { method: 'POST', body: chelsea });
  const id = await waitingJob();
  await stopping.beginStop();
  const { status, headers } = await answer;
  expect(status).toBe(504);
  expect(headers.get('x-job-id')).toBe(id);
  expect((await api.call(`/v1/jobs/${id}`)).body.status).toBe('queued');
  await stopping.stop();
});
