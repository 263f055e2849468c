import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type StartedApi, startApi } from '../test/api/start-api.ts';
import { picture } from '../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';

let redis: TestRedis;
let api: StartedApi | undefined;

beforeAll(async () => {
  redis = await startRedis();
});

afterEach(async () => {
  await api?.stop();
  api = undefined;
});

afterAll(() => redis.stop());

async function start(env: Record<string, string>) {
  const started = await startApi({ redisUrl: redis.url, env });
  api = started;
  return (key: string, body: string | Buffer, path = '/v1/jobs') =>
    started.call(path, { method: 'POST', body, headers: { Authorization: `Bearer ${key}` } });
}

test('says on every answer to a submission what is left, and on the sixth in a minute to wait', async () => {
  const call = await start({ API_KEYS: 'alice:a', RATE_LIMIT: '5/min' });
  const answers = [
    await call('a', picture('chelsea')),
    await call('a', 'no image'),
    await call('a', picture('chelsea'), '/v1/jobs?top_k=0'),
    await call('a', ''),
    await call('a', 'no image', '/v1/classify'),
    await call('a', picture('chelsea'), '/v1/classify'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([202, 415, 422, 400, 415, 429]);
  for (const [index, { headers }] of answers.entries()) {
    expect(headers.get('ratelimit-policy')).toBe('"submissions";q=5;w=60');
    const [, left, seconds] =
      /^"submissions";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '') ?? [];
    expect(Number(left)).toBe(Math.max(0, 4 - index));
    expect(Number(seconds)).toBeGreaterThan(0);
    expect(Number(seconds)).toBeLessThanOrEqual(60);
    if (index === 5) expect(headers.get('retry-after')).toBe(seconds);
  }
});

test('says it too where the service is full', async () => {
  const call = await start({ API_KEYS: 'full:f', RATE_LIMIT: '5/min', QUEUE_LIMIT: '1' });
  await call('f', picture('chelsea'));
  const { status, headers } = await call('f', picture('chelsea'));
  expect(status).toBe(503);
  expect(headers.get('ratelimit')).toMatch(/^"submissions";r=3;/);
});

test('limits submissions of each key alone, and never reads', async () => {
  const call = await start({ API_KEYS: 'bob:b,carol:c', RATE_LIMIT: '1/h' });
  expect((await call('b', 'no image')).status).toBe(415);
  expect((await call('b', 'no image')).status).toBe(429);
  expect((await call('c', 'no image')).status).toBe(415);
  for (let read = 0; read < 5; read += 1) {
    const answer = await api?.call('/v1/usage', { headers: { Authorization: 'Bearer b' } });
    expect(answer?.status).toBe(200);
    expect(answer?.headers.has('ratelimit')).toBe(false);
  }
});

test('limits nothing by default', async () => {
  const call = await start({ API_KEYS: 'dave:d' });
  for (let tries = 0; tries < 20; tries += 1) {
    const { status, headers } = await call('d', 'no image');
    expect(status).toBe(415);
    expect(headers.has('ratelimit')).toBe(false);
  }
});

test('holds a key to the rate that it was made with, rather than RATE_LIMIT', async () => {
  const call = await start({ RATE_LIMIT: '1/h' });
  const secret = (await api?.keys.create('erin', '3/min')) ?? '';
  const statuses = [];
  for (let tries = 0; tries < 4; tries += 1) statuses.push((await call(secret, 'x')).status);
  expect(statuses).toEqual([415, 415, 415, 429]);
});
