import { afterAll, beforeAll, expect, test } from 'vitest';
import { picture } from './image-bytes.ts';
import { startRedis, type TestRedis } from './redis-server.ts';
import { type SpawnedApi, spawnApi } from './spawn-api.ts';
import { type StandInWorker, startStandInWorker } from './stand-in-worker.ts';
import { until } from './until.ts';

let redis: TestRedis;
let worker: StandInWorker;
let apis: [SpawnedApi, SpawnedApi];

beforeAll(async () => {
  redis = await startRedis();
  worker = startStandInWorker(redis.url);
  const env = { REDIS_URL: redis.url, API_KEYS: 'alice:a' };
  apis = await Promise.all([spawnApi(env), spawnApi(env)]);
});

afterAll(async () => {
  for (const api of apis) await api.end();
  await worker.stop();
  await redis.stop();
});

const headers = { Authorization: 'Bearer a' };
const chelsea = picture('chelsea');

/** Sends, in turn, a picture to wait for, a picture to poll for, and what is no picture. */
function send(api: SpawnedApi, turn: number): Promise<Response> {
  const path = turn % 3 === 1 ? '/v1/jobs' : '/v1/classify';
  const body = turn % 3 === 2 ? 'no image' : chelsea;
  return fetch(`${api.url}${path}`, { method: 'POST', headers, body });
}

interface Usage {
  total_requests: number;
  successful_requests: number;
  images: { submitted: number };
  errors: Record<string, number>;
}

async function usageBy(api: SpawnedApi): Promise<Usage> {
  return (await (await fetch(`${api.url}/v1/usage`, { headers })).json()) as Usage;
}

test('counts every answered call once, and an unanswered one at most once, when an API is killed', async () => {
  const [killed, living] = apis;
  const answered: number[] = [];
  let unanswered = 0;
  const call = async (api: SpawnedApi, calls: number, from: number) => {
    for (let turn = from; turn < from + calls; turn += 1) {
      try {
        const answer = await send(api, turn);
        await answer.text();
        answered.push(answer.status);
      } catch {
        unanswered += 1;
        return;
      }
      if (answered.length === 100) killed.process.kill('SIGKILL');
    }
  };
  await Promise.all([
    ...[0, 1, 2, 3, 4, 5].map((from) => call(living, 30, from)),
    ...[0, 1, 2, 3, 4, 5].map((from) => call(killed, 10_000, from)),
  ]);
  expect(unanswered).toBe(6);

  const count = (status: number) => answered.filter((other) => other === status).length;
  const taken = count(200) + count(202);
  expect(taken + count(415)).toBe(answered.length);
  const usage = await until(
    () => usageBy(living),
    ({ successful_requests }) => successful_requests >= taken,
  );
  const refused = usage.errors.not_an_image ?? 0;
  expect(usage.images.submitted + refused).toBe(usage.total_requests);
  expect(usage.images.submitted).toBeGreaterThanOrEqual(taken);
  expect(refused).toBeGreaterThanOrEqual(count(415));
  expect(usage.total_requests).toBeLessThanOrEqual(answered.length + unanswered);

  for (let turn = 0; turn < 9; turn += 1) await (await send(living, turn)).text();
  expect((await usageBy(living)).total_requests).toBe(usage.total_requests + 9);
});

test('finds all counts again when every API was killed', async () => {
  const [, living] = apis;
  const before = await usageBy(living);
  await living.end();
  const restarted = await spawnApi({ REDIS_URL: redis.url, API_KEYS: 'alice:a' });
  const { total_requests, images, errors } = before;
  expect(await usageBy(restarted)).toMatchObject({
    total_requests,
    images: { submitted: images.submitted },
    errors,
  });
  await restarted.end();
});
