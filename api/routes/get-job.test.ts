import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../shared/ids.ts';
import { failed, submit, succeeded, work } from '../../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { idOfAge } from '../../test/id-of-age.ts';
import { firstBytes } from '../../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';

let redis: TestRedis;
let api: StartedApi;

beforeAll(async () => {
  redis = await startRedis();
  const env = { RESULT_TTL: '1h', API_KEYS: 'ann:key-of-ann,bob:key-of-bob' };
  api = await startApi({ redisUrl: redis.url, env });
});

afterAll(async () => {
  await api.stop();
  await redis.stop();
});

const ann = { Authorization: 'Bearer key-of-ann' };
const bob = { Authorization: 'Bearer key-of-bob' };

const get = (path: string, headers = ann) => api.call(`/v1/jobs/${path}`, { headers });

test('gives a waiting job as its submission did, and says when to ask again', async () => {
  const posted = await api.call('/v1/jobs', {
    method: 'POST',
    headers: ann,
    body: firstBytes.png,
  });
  const { status, headers, body } = await get(`${posted.body.id}`);
  expect(status).toBe(200);
  expect(headers.get('retry-after')).toBe('1');
  expect(body).toEqual(posted.body);
});

test('gives a running job with its worker and attempt', async () => {
  const id = await submit(api, ann);
  await api.store.begin(id, 'host-1');
  const { body } = await get(id);
  expect(body).toMatchObject({
    status: 'processing',
    worker: 'host-1',
    attempts: 1,
    started_at: expect.any(String),
  });
});

test('gives every poll the job as it stands then', async () => {
  const id = await submit(api, ann);
  const poll = async () => (await get(id)).body;
  expect((await poll()).status).toBe('queued');
  await api.store.begin(id, 'host-1');
  expect((await poll()).status).toBe('processing');
  await work(api.store, id, succeeded);
  const final = await poll();
  expect(final.status).toBe('succeeded');
  expect(await poll()).toEqual(final);
  await api.store.erase(id, 'ann');
  expect((await poll()).code).toBe('job_not_found');
});

test('gives each of two jobs whose ids end alike its own', async () => {
  const ids = [newId('job'), newId('job')].map((id) => `${id.slice(0, -3)}abc`);
  const image = Buffer.from(firstBytes.png);
  const spec = { model: 'm', topK: 5, minConfidence: 0, bytes: image.length };
  for (const [index, id] of ids.entries()) {
    const createdAt = Date.now() - index;
    await api.store.submit(id, { owner: 'ann', image, spec: { ...spec, createdAt } });
  }
  for (const id of [...ids, ...ids]) expect((await get(id)).body.id).toBe(id);
});

test('gives a job that succeeded with predictions, timings and where they come from', async () => {
  const id = await submit(api, ann);
  await work(api.store, id, succeeded);
  const { headers, body } = await get(id);
  expect(headers.get('retry-after')).toBeNull();
  expect(body).toMatchObject({
    status: 'succeeded',
    model: 'efficientnet-lite0-int8',
    model_sha256: 'ab'.repeat(32),
    worker: 'test-worker',
    attempts: 1,
    image: { format: 'png', bytes: firstBytes.png.length, width: 4, height: 3 },
    predictions: [{ label: 'tabby', confidence: 0.75, index: 281 }],
    timings: {
      queue_ms: expect.any(Number),
      decode_ms: 1.5,
      inference_ms: 7,
      total_ms: expect.any(Number),
    },
  });
});

test('answers 200 to a job that failed, with a problem in it', async () => {
  const id = await submit(api, ann);
  await work(api.store, id, failed);
  const { status, body } = await get(id);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    status: 'failed',
    error: {
      type: '/docs/errors#undecodable_image',
      status: 422,
      code: 'undecodable_image',
      detail: 'The pixels end too soon.',
    },
  });
});

const wrongIds = [
  'x',
  'job_',
  '__proto__',
  newId('job').toUpperCase(),
  `${newId('job')}x`,
  '%20',
  '%00',
];

test.each([newId('job'), ...wrongIds])('answers 404 to an id that is unknown: %s', async (id) => {
  const { body } = await get(id);
  expect(body.code).toBe('job_not_found');
});

test("answers 404 to another key's job, waiting or final", async () => {
  const id = await submit(api, ann);
  expect((await get(id, bob)).body.code).toBe('job_not_found');
  await work(api.store, id, succeeded);
  expect((await get(`${id}?wait=60`, bob)).body.code).toBe('job_not_found');
});

test('answers 410 to an id older than RESULT_TTL, of which Redis knows nothing', async () => {
  expect((await get(idOfAge(3601))).body.code).toBe('expired');
  expect((await get(idOfAge(3590))).body.code).toBe('job_not_found');
});

test.each(['0', '0.01', '-0', '100', '60.0', '1e3', '1e999', '99999999999999999999'])(
  'takes wait=%s',
  async (wait) => {
    const id = await submit(api, ann);
    if (Number(wait) > 1) await work(api.store, id, succeeded);
    expect((await get(`${id}?wait=${wait}`)).status).toBe(200);
  },
);

test('waits as Prefer says, unless the query says otherwise, and passes over its mistakes', async () => {
  const id = await submit(api, ann);
  const prefer = (value: string, query = '') =>
    get(`${id}${query}`, { ...ann, Prefer: value } as typeof ann);
  expect((await prefer('wait=60', '?wait=0')).body.status).toBe('queued');
  expect((await prefer('respond-async, wait=0')).body.status).toBe('queued');
  expect((await prefer('wait=abc')).body.status).toBe('queued');
});

test.each(['-1', 'abc', '1e', '', '%201', '1,5', 'Infinity', '0x10'])(
  'answers 422 to wait=%s',
  async (wait) => {
    const { body } = await get(`${await submit(api, ann)}?wait=${wait}`);
    expect(body.code).toBe('invalid_request');
  },
);
