import { afterAll, beforeAll, expect, test } from 'vitest';
import { submit, succeeded, work } from './api/play-worker.ts';
import { type StartedApi, startApi } from './api/start-api.ts';
import { startRedis, type TestRedis } from './redis-server.ts';

let redis: TestRedis;
let apis: StartedApi[] = [];
const ids: Record<string, string> = {};

beforeAll(async () => {
  redis = await startRedis();
  const env = { API_KEYS: 'alice:a,bob:b' };
  apis = [
    await startApi({ redisUrl: redis.url, env }),
    await startApi({ redisUrl: redis.url, env }),
  ];
  const [api] = apis;
  if (!api) return;
  for (const status of ['queued', 'processing', 'succeeded', 'canceled']) {
    ids[status] = await submit(api, as('a'));
  }
  await api.store.begin(ids.processing ?? '', 'w');
  await work(api.store, ids.succeeded ?? '', succeeded);
  await api.store.cancel(ids.canceled ?? '', 'alice');
});

afterAll(async () => {
  for (const api of apis) await api.stop();
  await redis.stop();
});

const as = (key: string) => ({ Authorization: `Bearer ${key}` });

/** An answer without what differs between any two requests. */
async function ask(api: StartedApi, path: string, key: string, init: RequestInit = {}) {
  const { status, body } = await api.call(path, {
    ...init,
    headers: { ...as(key), ...init.headers },
  });
  return { status, body };
}

test.each(['queued', 'processing', 'succeeded', 'canceled'])(
  'answers as for an unknown job when another key asks for one that is %s',
  async (status) => {
    const id = ids[status] ?? '';
    const unknown = `${id.slice(0, -4)}0000`;
    for (const api of apis) {
      const expected = await ask(api, `/v1/jobs/${unknown}`, 'b');
      expect(expected).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
      for (const [path, init] of [
        [`/v1/jobs/${id}`, {}],
        [`/v1/jobs/${id}?wait=30`, {}],
        [`/v1/jobs/${id}`, { headers: { Prefer: 'wait=30' } }],
        [`/v1/jobs/${id}`, { method: 'DELETE' }],
        [`/v1/jobs/${id}/result`, { method: 'DELETE' }],
      ] as const) {
        expect(await ask(api, path, 'b', init), path).toEqual(expected);
      }
      expect(await ask(api, `/v1/jobs/${id}`, 'a')).toMatchObject({
        status: 200,
        body: { status },
      });
    }
  },
);

test('tells each key its own usage only, from whichever API', async () => {
  for (const api of apis) {
    expect((await ask(api, '/v1/usage', 'a')).body).toMatchObject({ total_requests: 4 });
    expect((await ask(api, '/v1/usage', 'b')).body).toMatchObject({ total_requests: 0 });
  }
});
