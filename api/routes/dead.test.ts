import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { newId } from '../../shared/ids.ts';
import { giveUp, submit } from '../../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { firstBytes } from '../../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';

let redis: TestRedis;
let client: Redis;
let api: StartedApi;

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
  const env = { API_KEYS: 'ann:a,bob:b', OPERATOR_KEYS: 'ops:o', QUEUE_LIMIT: '10' };
  api = await startApi({ redisUrl: redis.url, env });
});
beforeEach(() => client.flushall());
afterAll(async () => {
  await api.stop();
  client.disconnect();
  await redis.stop();
});

const ann = { Authorization: 'Bearer a' };
const ops = { Authorization: 'Bearer o' };
const call = (method: string, path: string, headers: Record<string, string> = ops) =>
  api.call(path, { method, headers });

const cause = new Error('no session at /srv/models');

/** A job of Ann's that was given up. */
async function deadJob(): Promise<string> {
  const id = await submit(api, ann);
  await giveUp(api, id, cause);
  return id;
}

const calls: [method: string, path: (id: string) => string][] = [
  ['GET', () => '/v1/dead'],
  ['GET', (id) => `/v1/dead/${id}`],
  ['POST', (id) => `/v1/dead/${id}/retry`],
  ['DELETE', (id) => `/v1/dead/${id}`],
];

describe.each(calls)('%s %s', (method, path) => {
  test('is for operators alone, also where the job is the caller’s own', async () => {
    const id = await deadJob();
    expect((await call(method, path(id), ann)).body.code).toBe('forbidden');
    expect((await call(method, path(id), {})).body.code).toBe('unauthorized');
    expect((await call('GET', `/v1/dead/${id}`)).status).toBe(200);
  });

  test('answers 404 to what is no dead letter', async () => {
    if (path('') === '/v1/dead') return;
    const alive = await submit(api, ann);
    for (const id of [alive, newId('job'), 'bytes', `${alive}:image`, '%F0%9F%90%88']) {
      expect((await call(method, path(id))).body.code).toBe('dead_letter_not_found');
    }
  });
});

test('tells the operator the cause, and nobody else', async () => {
  const id = await deadJob();
  const { status, body } = await call('GET', `/v1/dead/${id}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    job: { id, status: 'failed', attempts: 1, error: { code: 'internal' } },
    owner: 'ann',
    cause: expect.stringMatching(/^Error: no session at \/srv\/models\n +at /),
    links: { self: `/v1/dead/${id}` },
  });
  const kept = Date.parse(body.expires_at ?? '') - Date.parse(body.died_at ?? '');
  expect(kept).toBe(7 * 86_400_000);
  const own = await call('GET', `/v1/jobs/${id}`, ann);
  expect(own.body).toEqual(body.job);
  expect(JSON.stringify(own.body)).not.toContain('/srv');
});

test('lists them in pages, the last to die first', async () => {
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) ids.unshift(await deadJob());
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const query: string = cursor ? `limit=2&cursor=${cursor}` : 'limit=2';
    const { body } = await call('GET', `/v1/dead?${query}`);
    seen.push(...(body.dead ?? []).map(({ job }) => job.id));
    cursor = body.next_cursor;
    // What goes while it is read moves nothing.
    if (seen.length === 2) await call('DELETE', `/v1/dead/${seen[1]}`);
  } while (cursor);
  expect(seen).toEqual(ids);
  expect((await call('GET', '/v1/dead?cursor=x')).body.code).toBe('invalid_request');
});

test('a retry is a new job of the owner, once', async () => {
  const id = await deadJob();
  const answers = await Promise.all([1, 2, 3].map(() => call('POST', `/v1/dead/${id}/retry`)));
  const [made, ...more] = answers.filter(({ status }) => status === 202);
  expect(more).toEqual([]);
  expect(made?.body).toMatchObject({ status: 'queued', retry_of: id, attempts: 0 });
  expect(made?.headers.get('location')).toBe(`/v1/jobs/${made?.body.id}`);
  for (const { status, body } of answers) {
    if (status !== 202) expect(body.code).toBe('dead_letter_not_found');
  }
  expect((await call('GET', `/v1/jobs/${made?.body.id}`, ann)).body).toEqual(made?.body);
  expect((await call('GET', '/v1/dead')).body.dead).toEqual([]);
  expect((await call('GET', '/v1/usage', ann)).body).toMatchObject({
    images: { submitted: 2 },
  });
});

test('a letter that is dropped is gone, and its job stays as it is', async () => {
  const id = await deadJob();
  const before = (await call('GET', `/v1/jobs/${id}`, ann)).body;
  expect((await call('DELETE', `/v1/dead/${id}`)).status).toBe(204);
  expect((await call('GET', `/v1/dead/${id}`)).status).toBe(404);
  expect((await call('GET', `/v1/jobs/${id}`, ann)).body).toEqual(before);
});

test('what was given up keeps nobody out', async () => {
  for (let count = 0; count < 11; count += 1) await deadJob();
  const { status } = await api.call('/v1/jobs', {
    method: 'POST',
    headers: ann,
    body: firstBytes.png,
  });
  expect(status).toBe(202);
});

test('takes a key that was made for an operator, and whoever calls while the service is open', async () => {
  const open = await startApi({ redisUrl: redis.url });
  onTestFinished(() => open.stop());
  expect((await open.call('/v1/dead')).status).toBe(200);
  const [plain, operator] = [
    await api.keys.create('plain'),
    await api.keys.create('operator', undefined, true),
  ];
  const listedBy = async (key: string | undefined) =>
    (await call('GET', '/v1/dead', { Authorization: `Bearer ${key}` })).status;
  await expect.poll(() => listedBy(operator)).toBe(200);
  expect(await listedBy(plain)).toBe(403);
});
