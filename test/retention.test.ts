import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixedKeys } from './fixed-keys.ts';
import { firstBytes } from './image-bytes.ts';
import { startRedis, type TestRedis } from './redis-server.ts';
import { type SpawnedApi, spawnApi } from './spawn-api.ts';
import { startStandInWorker } from './stand-in-worker.ts';
import { until } from './until.ts';

let server: TestRedis;
let redis: Redis;
let api: SpawnedApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await spawnApi({ REDIS_URL: server.url, LOG_LEVEL: 'fatal', RESULT_TTL: '15s' });
});
afterAll(async () => {
  redis.disconnect();
  await api.end();
  await server.stop();
});

async function post(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) {
  const answer = await fetch(`${api.url}${path}`, { method: 'POST', body, headers });
  expect(answer.status).toBe(202);
}

async function submitJobsAndBatches(): Promise<void> {
  const line = JSON.stringify({ image: firstBytes.png.toString('base64') });
  for (let count = 0; count < 5; count += 1) {
    await post('/v1/jobs', firstBytes.png, { 'Idempotency-Key': crypto.randomUUID() });
    const lines = `${line}\n`.repeat(40);
    await post('/v1/batches', `${lines}no JSON\n`, { 'Content-Type': 'application/jsonl' });
  }
}

test('after RESULT_TTL nothing is left of jobs and batches, done or never begun, without a call or a worker', async () => {
  const worker = startStandInWorker(server.url);
  await submitJobsAndBatches();
  await until(
    async () => redis.exists('darkroom:feed'),
    (exists) => exists === 0,
  );
  await worker.stop();
  await submitJobsAndBatches();
  expect((await redis.keys('*')).filter((key) => !fixedKeys.test(key)).length).toBeGreaterThan(400);

  const left = async () => (await redis.keys('*')).filter((key) => !fixedKeys.test(key)).sort();
  await until(left, (keys) => keys.length === 0, 60_000);
  await until(
    () => redis.xlen('bull:jobs:events'),
    (entries) => entries === 0,
    60_000,
  );
}, 120_000);
