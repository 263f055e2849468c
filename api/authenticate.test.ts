import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type StartedApi, startApi } from '../test/api/start-api.ts';
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

/** An API with one key, and how many failures it has not seen yet. */
async function start(env: Record<string, string> = { API_KEYS: 'alice:s3cret' }) {
  const started = await startApi({ redisUrl: redis.url, env });
  api = started;
  return (authorization?: string, path = '/v1/usage', init: RequestInit = {}) =>
    started.call(path, {
      ...init,
      headers: authorization === undefined ? {} : { Authorization: authorization },
    });
}

test('answers 401 with WWW-Authenticate, in the same words for no key and for a wrong one', async () => {
  const call = await start();
  const answers = [];
  for (const header of [
    undefined,
    'Bearer wrong',
    'Bearer ',
    'Bearer s3cret x',
    'Basic czNjcmV0',
    's3cret',
    'Bearer s3cre',
  ]) {
    answers.push(await call(header));
  }
  for (const { status, headers, body } of answers) {
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer realm="darkroom"');
    expect(body).toEqual(answers[0]?.body);
  }
});

test.each(['Bearer s3cret', 'bearer s3cret', 'BEARER  s3cret'])('takes %j', async (header) => {
  const call = await start();
  expect((await call(header)).status).toBe(200);
});

test.each([
  ['POST', '/v1/jobs'],
  ['POST', '/v1/classify'],
  ['GET', '/v1/jobs/job_019a8c5e-7c00-7000-8000-0123456789ab'],
  ['DELETE', '/v1/jobs/job_019a8c5e-7c00-7000-8000-0123456789ab'],
  ['DELETE', '/v1/jobs/job_019a8c5e-7c00-7000-8000-0123456789ab/result'],
  ['GET', '/v1/usage'],
])('refuses %s %s without a key, before it looks at anything else', async (method, path) => {
  const call = await start();
  const body = method === 'POST' ? { body: 'no image' } : {};
  expect((await call(undefined, path, { method, ...body })).body.code).toBe('unauthorized');
});

test.each(['/v1/', '/v1/model/info', '/v1/models', '/openapi.json', '/livez', '/readyz'])(
  'asks no key of %s',
  async (path) => {
    await start();
    expect((await fetch(`${api?.url}${path}`)).status).toBe(200);
  },
);

test('tells an address with too many wrong keys to wait, and still knows a right one from there', async () => {
  const call = await start();
  const statuses: number[] = [];
  for (let tries = 0; tries < 200; tries += 1) {
    const { status, headers } = await call(`Bearer wrong-${tries}`);
    statuses.push(status);
    if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(statuses).toEqual([...Array(100).fill(401), ...Array(100).fill(429)]);
  expect((await call('Bearer s3cret')).status).toBe(200);
  expect((await call()).status).toBe(429);
});

test('ignores the header while the service is open, also for a rate', async () => {
  const call = await start({ RATE_LIMIT: '1/h' });
  for (const header of ['Bearer anything', undefined, 'Bearer anything']) {
    const { status, headers } = await call(header, '/v1/jobs', { method: 'POST', body: 'x' });
    expect(status).toBe(415);
    expect(headers.has('ratelimit')).toBe(false);
  }
});

test('answers 503 where Redis would have to tell, and reads keys of the settings without it', async () => {
  const mortal = await startRedis();
  const env = { API_KEYS: 'alice:s3cret' };
  const started = await startApi({ redisUrl: mortal.url, env });
  try {
    await mortal.stop();
    const ask = async (key: string) => {
      const headers = { Authorization: `Bearer ${key}` };
      return started.call('/v1/jobs/job_00000000-0000-7000-8000-000000000000', { headers });
    };
    expect((await ask('s3cret')).status).toBe(410);
    expect((await ask('wrong')).status).toBe(503);
  } finally {
    await started.stop();
  }
});
