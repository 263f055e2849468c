import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { newId } from './ids.ts';
import type { JobResult, JobSpec } from './job-record.ts';
import { createJobStore, type JobStore } from './job-store.ts';
import { createPatientRedis } from './redis.ts';
import { createUsageStore, dayOf, type UsageStore } from './usage-store.ts';

let server: TestRedis;
let redis: Redis;
let jobs: JobStore;
let usage: UsageStore;

beforeAll(async () => {
  server = await startRedis();
  redis = createPatientRedis(server.url);
  jobs = createJobStore(redis, 3600);
  usage = createUsageStore(redis);
});

beforeEach(() => redis.flushall());

afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const DAY_MS = 86_400_000;
const now = Date.parse('2026-03-10T12:00:00.000Z');

const crashed = (finishedAt: number): JobResult => ({
  outcome: { status: 'failed', code: 'image_crashed', detail: 'It ended the process.' },
  finishedAt,
});

async function submit(owner: string, createdAt: number): Promise<string> {
  const id = newId('job');
  const spec: JobSpec = {
    model: 'm',
    topK: 5,
    minConfidence: 0,
    format: 'png',
    bytes: 3,
    createdAt,
  };
  await jobs.submit(id, { owner, spec, image: Buffer.from('png') });
  return id;
}

test('counts a job once, however often it is finished or canceled', async () => {
  const id = await submit('alice', now);
  await jobs.begin(id, 'w');
  await jobs.release(id);
  await jobs.begin(id, 'w');
  const finishing = Array.from({ length: 10 }, () => jobs.finish(id, crashed(now + 40)));
  expect((await Promise.all(finishing)).filter(({ changed }) => changed)).toHaveLength(1);
  expect(await jobs.cancel(id, 'alice')).toBe('already_finished');
  const { total } = await usage.read('alice', now);
  expect(total).toMatchObject({ requests: 1, images: 1, failed: 1, canceled: 0, ms: 40 });
  expect(total.errors).toEqual({ image_crashed: 1 });
});

test('counts a result on the day of its submission', async () => {
  const late = Date.parse('2026-03-09T23:59:59.999Z');
  const id = await submit('alice', late);
  await jobs.finish(id, crashed(late + 5_000));
  const { days } = await usage.read('alice', now);
  expect(days).toHaveLength(1);
  expect(days[0]).toMatchObject({ date: '2026-03-09', requests: 1, failed: 1 });
});

test('gives the days of the last 90, the oldest first, and all of the time before in the total', async () => {
  for (const ago of [0, 1, 89, 90, 400]) await submit('alice', now - ago * DAY_MS);
  const { total, days } = await usage.read('alice', now);
  expect(total.requests).toBe(5);
  expect(days.map(({ date }) => date)).toEqual([89, 1, 0].map((ago) => dayOf(now - ago * DAY_MS)));
});

test('keeps a hash for all time and one for each day, which goes when it leaves the series', async () => {
  for (let calls = 0; calls < 50; calls += 1) {
    await jobs.finish(await submit('alice', now), crashed(now));
    await usage.countRefusal('alice', 'not_an_image');
  }
  const keys = await redis.keys('darkroom:usage:*');
  expect(keys.sort()).toEqual(
    [
      'darkroom:usage:alice',
      ...new Set([dayOf(now), dayOf(Date.now())].map((day) => `darkroom:usage:alice:${day}`)),
    ].sort(),
  );
  for (const key of keys) {
    const ttl = await redis.ttl(key);
    if (key === 'darkroom:usage:alice') expect(ttl).toBe(-1);
    else expect(ttl / 86_400).toBeCloseTo(91, 1);
  }
});

test('keeps the counts of keys apart', async () => {
  await submit('alice', now);
  await submit('', now);
  await usage.countRefusal('bob', 'empty_body');
  expect((await usage.read('alice', now)).total).toMatchObject({ requests: 1, errors: {} });
  expect((await usage.read('', now)).total).toMatchObject({ requests: 1, images: 1 });
  expect((await usage.read('bob', now)).total).toMatchObject({ requests: 1, images: 0 });
});
