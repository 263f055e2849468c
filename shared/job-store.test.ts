import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { startRedis } from '../test/redis-server.ts';
import { FINAL_CHANNEL, idOfWord, recordOfWord } from './final-word.ts';
import { newId } from './ids.ts';
import type { JobResult, JobSpec } from './job-record.ts';
import { defineJobScripts } from './job-scripts.ts';
import { createJobStore, type JobStore } from './job-store.ts';
import { createRedis } from './redis.ts';

let redis: Redis;
let store: JobStore;
let id: string;

const image = Buffer.from([0, 1, 2, 255]);
const spec: JobSpec = {
  model: 'm',
  topK: 5,
  minConfidence: 0,
  format: 'png',
  bytes: image.length,
  createdAt: Date.now(),
};
const owner = 'ann';
const failed: JobResult = {
  outcome: { status: 'failed', code: 'internal', detail: 'It failed.' },
  finishedAt: Date.now(),
};
const succeeded: JobResult = {
  outcome: {
    status: 'succeeded',
    image: { format: 'png', width: 1, height: 1 },
    predictions: [],
    timings: { decode_ms: 1, inference_ms: 1 },
  },
  finishedAt: Date.now(),
};

beforeEach(async () => {
  redis = createRedis(inject('redisUrl'));
  await new Promise((resolve) => redis.once('ready', resolve));
  store = createJobStore(redis, 60);
  id = newId('job');
  await store.submit(id, { owner, spec, image });
});

afterEach(async () => {
  await redis.del(jobKey(), imageKey());
  redis.disconnect();
});

const jobKey = () => `darkroom:job:${id}`;
const imageKey = () => `darkroom:image:${id}`;

test('hands out the image as it was submitted, to every attempt', async () => {
  for (const attempts of [1, 2]) {
    expect(await store.begin(id, 'w')).toEqual({ state: 'begun', spec, image, turnsAhead: 0 });
    expect(await store.read(id)).toMatchObject({ status: 'processing', attempts, worker: 'w' });
    await store.release(id);
    expect((await store.read(id))?.status).toBe('queued');
  }
});

test('keeps job and image for the same time, counted from the submission', async () => {
  await store.begin(id, 'w');
  for (const key of [jobKey(), imageKey()]) {
    expect(await redis.ttl(key)).toBeGreaterThan(50);
    expect(await redis.ttl(key)).toBeLessThanOrEqual(60);
  }
  await store.finish(id, succeeded);
  expect(await redis.ttl(jobKey())).toBeLessThanOrEqual(60);
});

test('lets the image go when the job is final, and not before', async () => {
  await store.begin(id, 'w');
  expect(await redis.exists(imageKey())).toBe(1);
  await store.finish(id, succeeded);
  expect(await redis.exists(imageKey())).toBe(0);
});

test('makes no job of an image that is not there', async () => {
  const scripts = defineJobScripts(redis);
  const job = [newId('job'), owner, '2026-01-05', Date.now(), 60] as const;
  await expect(scripts.submitJob(...job)).rejects.toThrow('Expected the image');
  const claim = ['darkroom:idempotency:test', '', 'made', 60] as const;
  await expect(scripts.submitJobOnce(...claim, ...job)).rejects.toThrow('Expected the image');
  expect(await redis.exists(`darkroom:job:${job[0]}`, claim[0])).toBe(0);
});

test('becomes final, and lets its image go, also while Redis is out of memory', async () => {
  const server = await startRedis();
  const full = new Redis(server.url);
  const own = createJobStore(full, 60);
  await own.submit(id, { owner, spec, image });
  await own.begin(id, 'w');
  await full.config('SET', 'maxmemory', '1');
  await expect(own.submit(newId('job'), { owner, spec, image })).rejects.toThrow('OOM');
  expect(await own.finish(id, succeeded)).toMatchObject({ changed: true });
  expect(await own.read(id)).toMatchObject({ status: 'succeeded', result: succeeded });
  expect(await full.keys('darkroom:image:*')).toEqual([]);
  expect(await full.keys('darkroom:job:*')).toEqual([jobKey()]);
  full.disconnect();
  await server.stop();
});

test('becomes final once, whoever comes later', async () => {
  await store.begin(id, 'w');
  const finished = await Promise.all([store.finish(id, succeeded), store.finish(id, failed)]);
  const changes = finished.map(({ changed }) => changed);
  expect(changes).toEqual([true, false]);
  expect(await store.cancel(id, owner)).toBe('already_finished');
  expect(await store.begin(id, 'w')).toEqual({ state: 'final' });
  await store.release(id);
  expect(await store.read(id)).toMatchObject({
    status: 'succeeded',
    result: succeeded,
    attempts: 1,
  });
});

test('counts the attempts that were made', async () => {
  await store.begin(id, 'w');
  await store.release(id, false);
  expect(await store.read(id)).toMatchObject({ status: 'queued', attempts: 0 });
  await store.begin(id, 'w');
  await store.release(id);
  await store.begin(id, 'w');
  expect(await store.read(id)).toMatchObject({ status: 'processing', attempts: 2 });
});

test('gives the word that a job is final exactly once, and its record with it', async () => {
  const heard: string[] = [];
  const subscriber = new Redis(inject('redisUrl'));
  subscriber.on('message', (_channel, message) => heard.push(message));
  await subscriber.subscribe(FINAL_CHANNEL);
  await store.begin(id, 'w');
  await store.finish(id, succeeded);
  await store.finish(id, succeeded);
  await store.cancel(id, owner);
  // What is published on one connection arrives in its order.
  await redis.publish(FINAL_CHANNEL, 'last');
  await expect.poll(() => heard).toContain('last');
  const words = heard.filter((word) => idOfWord(word) === id);
  expect(words.map(recordOfWord)).toEqual([await store.read(id)]);
  subscriber.disconnect();
});

test('a cancellation while it runs keeps it from another attempt, and lets this one end', async () => {
  await store.begin(id, 'w');
  expect(await store.cancel(id, owner)).toBe('cancellation_requested');
  await store.release(id);
  expect(await store.begin(id, 'w')).toEqual({ state: 'cancellation_requested' });
  expect((await store.finish(id, succeeded)).changed).toBe(true);
});

describe('tells nothing to another owner:', () => {
  test.each(['bob', ''])('%s', async (stranger) => {
    expect(await store.cancel(id, stranger)).toBe('unknown');
    await store.finish(id, succeeded);
    expect(await store.erase(id, stranger)).toBe('unknown');
    expect((await store.read(id))?.status).toBe('succeeded');
  });
});

test('leaves nothing of a job that was erased, and brings none back to life', async () => {
  expect(await store.erase(id, owner)).toBe('not_final');
  await store.begin(id, 'w');
  await store.finish(id, succeeded);
  expect(await store.erase(id, owner)).toBe('erased');
  expect(await store.read(id)).toBeUndefined();
  expect(await store.begin(id, 'w')).toEqual({ state: 'gone' });
  expect((await store.finish(id, succeeded)).changed).toBe(false);
  await store.release(id);
  expect(await redis.exists(jobKey(), imageKey())).toBe(0);
});
