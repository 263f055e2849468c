import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Outcome } from '../../shared/outcome.ts';
import { createPatientRedis, createSubscriber } from '../../shared/redis.ts';
import { dayOf } from '../../shared/usage-store.ts';
import { failed, submit, succeeded, work } from '../../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { picture } from '../../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { fiveLabels, startStandInWorker } from '../../test/stand-in-worker.ts';
import { until } from '../../test/until.ts';
import { createApiMetrics } from '../api-metrics.ts';
import { createJobWaits } from '../job-waits.ts';
import { submitJob } from '../submit-job.ts';

let redis: TestRedis;
let client: Redis;
let api: StartedApi;

beforeAll(async () => {
  redis = await startRedis();
  client = createPatientRedis(redis.url);
});

beforeEach(async () => {
  await client.flushall();
  api = await startApi({
    redisUrl: redis.url,
    env: { API_KEYS: 'alice:a,bob:b', QUEUE_LIMIT: '5' },
  });
});

afterEach(() => api.stop());

afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

const as = (key: string) => ({ Authorization: `Bearer ${key}` });
const chelsea = picture('chelsea');

async function usageOf(key: string): Promise<Record<string, unknown>> {
  const { status, body } = await api.call('/v1/usage', { headers: as(key) });
  expect(status).toBe(200);
  return body as Record<string, unknown>;
}

function post(key: string, body: string | Buffer, path = '/v1/jobs') {
  return api.call(path, { method: 'POST', headers: as(key), body });
}

test('answers zeros to a key that has not called', async () => {
  expect(await usageOf('a')).toEqual({
    total_requests: 0,
    successful_requests: 0,
    success_rate: 0,
    avg_response_time_ms: 0,
    images: { submitted: 0, succeeded: 0, failed: 0, canceled: 0 },
    batches: 0,
    errors: {},
    days: [],
  });
});

test('counts what was taken, what was refused and what came of it, by code and by day', async () => {
  await work(api.store, await submit(api, as('a')), succeeded);
  await work(api.store, await submit(api, as('a')), failed);
  const canceled = await submit(api, as('a'));
  await api.call(`/v1/jobs/${canceled}`, { method: 'DELETE', headers: as('a') });
  await post('a', 'no image');
  await post('a', 'no image', '/v1/classify');
  await post('a', '');
  await submit(api, as('a'));
  const counts = { requests: 7, images: 4, batches: 0, succeeded: 1, failed: 1, canceled: 1 };
  expect(await usageOf('a')).toMatchObject({
    total_requests: 7,
    successful_requests: 1,
    success_rate: 14.29,
    images: { submitted: 4, succeeded: 1, failed: 1, canceled: 1 },
    errors: { not_an_image: 2, empty_body: 1, undecodable_image: 1 },
    days: [{ date: dayOf(Date.now()), ...counts }],
  });
});

test('counts a classify call once, whatever its answer', async () => {
  const outcomes: Outcome[] = [
    fiveLabels,
    { status: 'failed', code: 'undecodable_image', detail: 'The pixels end too soon.' },
    fiveLabels,
  ];
  const worker = startStandInWorker(redis.url, () => outcomes.shift() ?? fiveLabels);
  const statuses = [];
  for (let calls = 0; calls < 3; calls += 1) {
    statuses.push((await post('a', chelsea, '/v1/classify')).status);
  }
  await worker.stop();
  expect(statuses).toEqual([200, 422, 200]);
  expect(await usageOf('a')).toMatchObject({
    total_requests: 3,
    successful_requests: 2,
    images: { submitted: 3, succeeded: 2, failed: 1 },
    errors: { undecodable_image: 1 },
  });
});

test('does not count reads, wrong keys, or what the rate limit or a full queue refused', async () => {
  const limited = await startApi({
    redisUrl: redis.url,
    env: { API_KEYS: 'alice:a', RATE_LIMIT: '1/h' },
  });
  const init = { method: 'POST', headers: as('a'), body: chelsea };
  expect((await limited.call('/v1/jobs', init)).status).toBe(202);
  expect((await limited.call('/v1/jobs', init)).status).toBe(429);
  await limited.stop();
  await post('wrong', chelsea);
  for (let filled = 1; filled < 5; filled += 1) await post('a', chelsea);
  expect((await post('a', chelsea)).status).toBe(503);
  await api.call('/v1/jobs/job_x', { headers: as('a') });
  expect(await usageOf('a')).toMatchObject({ total_requests: 5, errors: {} });
  expect(await usageOf('b')).toMatchObject({ total_requests: 0 });
});

test('tells the mean time from submission to result', async () => {
  for (const ms of [100, 300]) {
    const id = await submit(api, as('a'));
    await api.store.begin(id, 'w');
    const createdAt = (await api.store.read(id))?.spec.createdAt ?? 0;
    await api.store.finish(id, { ...succeeded, finishedAt: createdAt + ms });
  }
  expect(await usageOf('a')).toMatchObject({ avg_response_time_ms: 200, success_rate: 100 });
});

test('counts a classify call once whose job was canceled meanwhile', async () => {
  const answer = post('a', chelsea, '/v1/classify');
  const [id = ''] = await until(
    () => client.lrange('bull:jobs:wait', 0, -1),
    ({ length }) => length === 1,
  );
  await api.store.cancel(id, 'alice');
  expect((await answer).status).toBe(409);
  expect(await usageOf('a')).toMatchObject({
    total_requests: 1,
    images: { submitted: 1, canceled: 1 },
    errors: {},
  });
});

test('counts a submission whose ticket the queue refuses, since a worker will find its job', async () => {
  const { config, store, registry } = api;
  const subscriber = createSubscriber(redis.url);
  const queue = { ...api.queue, add: () => Promise.reject(new Error('no ticket')) };
  const upload = {
    image: chelsea,
    format: 'jpeg',
    options: { top_k: 5, min_confidence: 0 },
  } as const;
  const deps = {
    config,
    store,
    queue,
    waits: createJobWaits(subscriber),
    registered: () => registry.read(),
    metrics: createApiMetrics(),
    faults: { seen: () => undefined, over: () => undefined },
  };
  const { id } = await submitJob(deps, 'alice', upload);
  expect(await usageOf('a')).toMatchObject({ total_requests: 1, images: { submitted: 1 } });
  expect(await client.zscore('darkroom:entering', id)).toBeTruthy();
  subscriber.disconnect();
});

test('answers 503 while Redis is away', async () => {
  const mortal = await startRedis();
  const lonely = await startApi({ redisUrl: mortal.url, env: { API_KEYS: 'alice:a' } });
  await mortal.stop();
  expect((await lonely.call('/v1/usage', { headers: as('a') })).status).toBe(503);
  expect(
    (await lonely.call('/v1/jobs', { method: 'POST', headers: as('a'), body: 'x' })).status,
  ).toBe(503);
  await lonely.stop();
});
