import { Redis } from 'ioredis';
import { afterAll, beforeEach, expect, inject, test } from 'vitest';
import { parseConfig } from '../shared/config.ts';
import { createDeadLetters } from '../shared/dead-letters.ts';
import { newId } from '../shared/ids.ts';
import { presentJob } from '../shared/job.ts';
import { createJobStore } from '../shared/job-store.ts';
import { createLogger } from '../shared/logger.ts';
import type { ModelInfo } from '../shared/model-info.ts';
import type { Outcome } from '../shared/outcome.ts';
import type { ChildPool } from './pool/child-pool.ts';
import { processJob } from './process-job.ts';
import type { Attempt } from './run-ticket.ts';
import { createWorkerMetrics } from './worker-metrics.ts';

const redis = new Redis(inject('redisUrl'));
const store = createJobStore(redis, 60);
const metrics = createWorkerMetrics(async () => 'ok');
const dead = createDeadLetters(redis, parseConfig({ RESULT_TTL: '60' }));
const log = createLogger('test', 'silent');
const feed = { feed: async () => undefined };
const owner = 'tester';
let id: string;

const succeeded: Outcome = {
  status: 'succeeded',
  image: { format: 'png', width: 3, height: 2 },
  predictions: [{ label: 'a', confidence: 1, index: 0 }],
  timings: { decode_ms: 1, inference_ms: 2 },
};

beforeEach(async () => {
  id = newId('job');
  const spec = {
    model: 'm',
    topK: 5,
    minConfidence: 0,
    format: 'png',
    bytes: 4,
    createdAt: Date.now(),
  } as const;
  await store.submit(id, { owner, spec, image: Buffer.from('text') });
});
afterAll(() => redis.disconnect());

function run(classify: ChildPool['classify'], attempt: Partial<Attempt> = {}): Promise<void> {
  const models: ModelInfo[] = [
    {
      name: 'm',
      task: 'image-classification',
      sha256: 'abc',
      labels: ['a'],
      input: { width: 1, height: 1 },
    },
  ];
  return processJob(
    id,
    { isLastAttempt: false, isOfBatch: true, ...attempt },
    { store, dead, feed, pool: { classify, models }, worker: 'w-1', log, metrics },
  );
}

async function readJob() {
  const record = await store.read(id);
  if (!record) throw new Error('The job is gone.');
  return presentJob(id, record);
}

test('a job that was begun with its ticket is not begun again', async () => {
  const begun = { id, ...(await store.begin(id, 'w-1')) };
  await run(async () => succeeded, { begun });
  expect(await readJob()).toMatchObject({ status: 'succeeded', attempts: 1 });
});

test('a job that succeeded bears predictions, worker and model, and its image is gone', async () => {
  await run(async ({ image }, options) => {
    expect(Buffer.from(image).toString()).toBe('text');
    expect(options).toMatchObject({ isOfBatch: true });
    return succeeded;
  });
  expect(await readJob()).toMatchObject({
    status: 'succeeded',
    worker: 'w-1',
    model_sha256: 'abc',
    attempts: 1,
    predictions: [{ label: 'a' }],
    image: { width: 3, height: 2 },
  });
  expect(await redis.exists(`darkroom:image:${id}`)).toBe(0);
});

test('what is thrown is tried again with the image still there, and given up on the last attempt', async () => {
  const fail = () => Promise.reject(new Error('no session at /secret/path'));
  await expect(run(fail)).rejects.toThrow('no session');
  expect((await readJob()).status).toBe('processing');
  await run(fail, { isLastAttempt: true });
  const job = await readJob();
  expect(job).toMatchObject({
    status: 'failed',
    attempts: 2,
    error: { code: 'internal', status: 500 },
  });
  expect(JSON.stringify(job)).not.toContain('secret');
  expect((await dead.read(id))?.cause).toContain('no session at /secret/path');
  expect(String(await dead.readImage(id))).toBe('text');
});

test('a job that runs twice is final once', async () => {
  await run(async () => succeeded);
  const first = await readJob();
  await run(() => Promise.reject(new Error('must not be run')));
  expect(await readJob()).toEqual(first);
});

test('a job that was canceled before it began is not run', async () => {
  expect(await store.cancel(id, owner)).toBe('canceled');
  await run(() => Promise.reject(new Error('must not be run')));
  expect((await readJob()).status).toBe('canceled');
});

test('a job that was asked to be canceled while it ran ends as it ends, but is not tried again', async () => {
  await expect(
    run(async () => {
      expect(await store.cancel(id, owner)).toBe('cancellation_requested');
      throw new Error('this attempt came to nothing');
    }),
  ).rejects.toThrow('came to nothing');
  await run(() => Promise.reject(new Error('must not be run')));
  expect((await readJob()).status).toBe('canceled');
});
