import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPatientRedis } from '../../shared/redis.ts';
import { announce } from '../../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';

let redis: TestRedis;
let client: Redis;
let api: StartedApi;

beforeAll(async () => {
  redis = await startRedis();
  client = createPatientRedis(redis.url);
  api = await startApi({ redisUrl: redis.url, env: { AUTH: 'keys', DEFAULT_MODEL: 'mine' } });
});

afterAll(async () => {
  await api.stop();
  client.disconnect();
  await redis.stop();
});

test('welcomes with name, version and links that lead somewhere', async () => {
  const { status, body } = await api.call('/v1/');
  expect(status).toBe(200);
  expect(body).toMatchObject({ name: 'darkroom', version: '0.0.0' });
  const { links } = body as { links: Record<string, string> };
  for (const path of Object.values(links)) {
    expect((await fetch(`${api.url}${path}`)).status, path).not.toBe(404);
  }
});

test('tells of the default model who has it loaded: no worker yet, one, and none any more', async () => {
  const info = async () => (await api.call('/v1/model/info')).body;
  expect(await info()).toEqual({ name: 'mine', status: 'no workers', num_labels: 0 });
  await announce(api.registry, 'other');
  expect(await info()).toEqual({ name: 'mine', status: 'no workers', num_labels: 0 });
  await announce(api.registry, 'mine', 'other');
  expect(await info()).toEqual({ name: 'mine', status: 'loaded', num_labels: 2 });
  await api.registry.leave('test-worker');
  expect(await info()).toEqual({ name: 'mine', status: 'no workers', num_labels: 2 });
  await announce(api.registry, 'mine');
  // As when it was killed, and its time is up.
  await client.del('darkroom:worker:test-worker');
  expect(await info()).toMatchObject({ status: 'no workers' });
});
