import { afterEach, beforeEach, expect, test } from 'vitest';
import { announce, submit } from '../../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { firstBytes } from '../../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';

let redis: TestRedis;
let api: StartedApi;

beforeEach(async () => {
  redis = await startRedis();
  api = await startApi({ redisUrl: redis.url, env: { QUEUE_LIMIT: '2', DEFAULT_MODEL: 'first' } });
});

afterEach(async () => {
  await api.stop();
  await redis.stop();
});

const post = (query = '') => api.call(`/v1/jobs${query}`, { method: 'POST', body: firstBytes.png });

test('lists no models before a worker has told, and is ready all the same', async () => {
  expect((await api.call('/v1/models')).body.models).toEqual([]);
  expect((await api.call('/readyz')).body).toEqual({
    status: 'ok',
    workers: [],
    queue: { waiting: 0, active: 0, limit: 2 },
  });
  expect((await api.call('/v1/model/info')).body).toEqual({
    name: 'first',
    status: 'no workers',
    num_labels: 0,
  });
});

test('lists the models that the workers have, and which is the default', async () => {
  await announce(api.registry, 'second', 'first');
  const { body } = await api.call('/v1/models');
  expect(body.models).toMatchObject([
    { name: 'first', default: true, status: 'loaded', workers: 1, sha256: 'cd'.repeat(32) },
    { name: 'second', default: false, status: 'loaded', workers: 1, labels: ['cat', 'dog'] },
  ]);
  await api.registry.leave('test-worker');
  expect((await api.call('/v1/models')).body.models).toMatchObject([
    { name: 'first', status: 'no workers', workers: 0 },
    { name: 'second', status: 'no workers', workers: 0 },
  ]);
});

test('takes a job for the default model before any worker has told', async () => {
  expect((await post()).body).toMatchObject({ status: 'queued', model: 'first' });
  expect((await post('?model=first')).status).toBe(202);
});

test('answers 503 to another model before any worker has told, since it may come', async () => {
  const { headers, body } = await post('?model=second');
  expect(body.code).toBe('unavailable');
  expect(headers.get('retry-after')).toBe('5');
});

test('answers 422 to a model that no worker has, and names those that there are', async () => {
  await announce(api.registry, 'first', 'second');
  const { body } = await post('?model=third');
  expect(body).toMatchObject({
    code: 'unknown_model',
    detail: "Expected one of first, second for model but received 'third'.",
  });
  expect((await post('?model=second')).body.model_sha256).toBe('cd'.repeat(32));
});

test('answers 503 when QUEUE_LIMIT jobs wait, and can still be read from', async () => {
  const id = await submit(api);
  await submit(api);
  const { headers, body } = await post();
  expect(body.code).toBe('queue_full');
  expect(headers.get('retry-after')).toBe('60');
  expect((await api.call(`/v1/jobs/${id}`)).status).toBe(200);
  expect((await api.call('/readyz')).body.queue).toEqual({ waiting: 2, active: 0, limit: 2 });
  await api.call(`/v1/jobs/${id}`, { method: 'DELETE' });
  expect((await post()).status).toBe(202);
});
