import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createKeyStore, type KeyStore } from '../shared/key-store.ts';
import { createPatientRedis } from '../shared/redis.ts';
import { picture } from './image-bytes.ts';
import { startRedis, type TestRedis } from './redis-server.ts';
import { type SpawnedApi, spawnApi } from './spawn-api.ts';
import { until } from './until.ts';

let redis: TestRedis;
let client: Redis;
let keys: KeyStore;
let apis: [SpawnedApi, SpawnedApi];

beforeAll(async () => {
  redis = await startRedis();
  client = createPatientRedis(redis.url);
  keys = createKeyStore(client);
  const env = { REDIS_URL: redis.url, RATE_LIMIT: '5/min' };
  apis = await Promise.all([spawnApi(env), spawnApi(env)]);
});

afterAll(async () => {
  for (const api of apis) await api.end();
  client.disconnect();
  await redis.stop();
});

const chelsea = picture('chelsea');

function submit(api: SpawnedApi, key: string, body: Buffer | string = chelsea): Promise<Response> {
  const headers = { Authorization: `Bearer ${key}` };
  return fetch(`${api.url}/v1/jobs`, { method: 'POST', headers, body });
}

async function statusOf(api: SpawnedApi, key?: string): Promise<number> {
  const headers: Record<string, string> = key ? { Authorization: `Bearer ${key}` } : {};
  return (await fetch(`${api.url}/v1/usage`, { headers })).status;
}

/** Waits, for no more than a second, until both APIs take a key. */
async function bothTake(key: string): Promise<void> {
  await Promise.all(
    apis.map((api) =>
      until(
        () => statusOf(api, key),
        (status) => status === 200,
        1_000,
      ),
    ),
  );
}

/** The same until both refuse it, or whoever has none; after many refusals they do that in other words. */
async function bothRefuse(key?: string): Promise<void> {
  const isRefusal = (status: number) => status === 401 || status === 429;
  await Promise.all(apis.map((api) => until(() => statusOf(api, key), isRefusal, 1_000)));
}

async function create(name: string): Promise<string> {
  const secret = await keys.create(name);
  if (!secret) throw new Error(`There is a key ${name} already.`);
  await bothTake(secret);
  return secret;
}

// First, while no key was ever made.
test('opens no second API to whoever has no key, when Redis is emptied before that API was asked', async () => {
  const [first, idle] = apis;
  await until(
    async () => apis.map((api) => api.log()),
    (logs) => logs.every((log) => log.includes('open: there is no API key')),
  );
  expect(await statusOf(first)).toBe(200);
  const alice = (await keys.create('alice')) ?? '';
  await until(
    () => statusOf(first),
    (status) => status === 401,
  );
  // The other looks once a second, though nobody asks it.
  await until(
    async () => idle.log(),
    (log) => log.includes('closed: there is an API key now'),
  );
  await client.flushall();
  await until(
    () => statusOf(first, alice),
    (status) => status === 401,
  );
  expect(await statusOf(idle)).toBe(401);
});

test('counts the calls of a key over both: the sixth within a minute is one too many', async () => {
  const [alice, bob] = [await create('alice'), await create('bob')];
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) => submit(apis[index % 2 ? 0 : 1], alice)),
  );
  const statuses = answers.map(({ status }) => status).sort();
  expect(statuses).toEqual([...Array(5).fill(202), ...Array(7).fill(429)]);
  for (const { status, headers } of answers) {
    expect(headers.get('ratelimit-policy')).toBe('"submissions";q=5;w=60');
    expect(headers.get('ratelimit')).toMatch(/^"submissions";r=\d;t=\d+$/);
    if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect((await submit(apis[0], bob)).status).toBe(202);
});

test('ends a key on both within a second, and opens nothing when it was the last', async () => {
  const carol = await create('carol');
  const rotated = (await keys.rotate('carol')) ?? '';
  await bothRefuse(carol);
  await bothTake(rotated);
  for (const { name } of await keys.list()) await keys.revoke(name);
  await bothRefuse(rotated);
  await bothRefuse();
});

test('opens nothing where an API starts after the last key was revoked', async () => {
  await create('dave');
  for (const { name } of await keys.list()) await keys.revoke(name);
  const late = await spawnApi({ REDIS_URL: redis.url });
  onTestFinished(() => late.end());
  expect(await statusOf(late)).toBe(401);
});

test('opens nothing while Redis is away, nor when it comes back empty', async () => {
  const mortal = await startRedis();
  const api = await spawnApi({ REDIS_URL: mortal.url });
  onTestFinished(() => api.end());
  const reader = createPatientRedis(mortal.url);
  const erin = (await createKeyStore(reader).create('erin')) ?? '';
  reader.disconnect();
  await until(
    () => statusOf(api),
    (status) => status === 401,
  );
  await mortal.stop();
  await until(
    () => statusOf(api),
    (status) => status === 503,
  );
  expect(await statusOf(api, erin)).toBe(503);
  const empty = await startRedis({ port: mortal.port });
  onTestFinished(() => empty.stop());
  await until(
    () => statusOf(api),
    (status) => status === 401,
  );
  expect(await statusOf(api, erin)).toBe(401);
});
