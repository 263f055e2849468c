import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPatientRedis } from '../shared/redis.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { createRateWindow } from './rate-window.ts';

let server: TestRedis;
let redis: Redis;
let admit: ReturnType<typeof createRateWindow>;

beforeAll(async () => {
  server = await startRedis();
  redis = createPatientRedis(server.url);
  admit = createRateWindow(redis);
});

afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const fivePerMinute = { count: 5, windowSeconds: 60 };

/** Writes calls of the past into a window, as so many milliseconds ago by Redis' clock. */
async function callsAgo(owner: string, ...ago: number[]): Promise<void> {
  const [seconds, micros] = await redis.time();
  const now = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  await redis.rpush(`darkroom:rate:${owner}`, ...ago.map((ms) => now - ms));
}

test('admits five of twenty calls that come at once', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => admit('a', fivePerMinute)));
  expect(answers.map(({ allowed }) => allowed)).toEqual(
    Array.from({ length: 20 }, (_, index) => index < 5),
  );
  expect(answers.map(({ remaining }) => remaining)).toEqual([4, 3, 2, 1, ...Array(16).fill(0)]);
});

test('has room for one more when the oldest call leaves the window, and not before', async () => {
  await callsAgo('b', 59_000, 30_000, 20_000, 10_000, 5_000);
  const refused = await admit('b', fivePerMinute);
  expect(refused).toMatchObject({ allowed: false, remaining: 0 });
  expect(refused.resetMs).toBeGreaterThan(0);
  expect(refused.resetMs).toBeLessThanOrEqual(1_000);

  await callsAgo('c', 60_000, 30_000, 20_000, 10_000, 5_000);
  expect(await admit('c', fivePerMinute)).toMatchObject({ allowed: true, remaining: 0 });
  expect(await admit('c', fivePerMinute)).toMatchObject({ allowed: false });
});

test('does not let twice the limit pass around the turn of a minute', async () => {
  await callsAgo('d', 3_000, 2_000, 1_500, 1_000, 500);
  expect(await admit('d', fivePerMinute)).toMatchObject({ allowed: false });
});

test('tells, where the limit was lowered, when there is really room', async () => {
  await callsAgo('e', 50_000, 40_000, 30_000);
  const { allowed, remaining, resetMs } = await admit('e', { count: 1, windowSeconds: 60 });
  expect({ allowed, remaining }).toEqual({ allowed: false, remaining: 0 });
  expect(resetMs).toBeGreaterThan(20_000);
  expect(resetMs).toBeLessThanOrEqual(30_000);
});

test('forgets a window that nobody calls in, and never keeps more than the limit', async () => {
  for (let call = 0; call < 10; call += 1) await admit('f', fivePerMinute);
  expect(await redis.llen('darkroom:rate:f')).toBe(5);
  const ttl = await redis.pttl('darkroom:rate:f');
  expect(ttl).toBeGreaterThan(0);
  expect(ttl).toBeLessThanOrEqual(60_000);
});

test('counts every caller alone', async () => {
  const one = { count: 1, windowSeconds: 3600 };
  expect(await admit('g', one)).toMatchObject({ allowed: true });
  expect(await admit('h', one)).toMatchObject({ allowed: true });
  expect(await admit('g', one)).toMatchObject({ allowed: false });
});
