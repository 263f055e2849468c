import { type Job, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, test, vi } from 'vitest';
import { createBatchStore } from '../shared/batch-store.ts';
import { newId } from '../shared/ids.ts';
import type { JobResult } from '../shared/job-record.ts';
import { createJobStore } from '../shared/job-store.ts';
import { createJobQueue, QUEUE_NAME, TICKET_RULES } from '../shared/queue.ts';
import { startRedis } from './redis-server.ts';

vi.setConfig({ testTimeout: 120_000 });

const JOBS = 10_000;
/** What Redis holds of a job at most, beside its image. */
const MOST_BYTES = 1536;
/** A size that Redis' allocator has room of exactly, with its header, so that only what is ours is counted. */
const image = Buffer.alloc(1024 - 6, 7);
const sha256 = 'ab'.repeat(32);
const labels = ['tabby, tabby cat', 'tiger cat', 'Egyptian cat', 'lynx, catamount', 'plastic bag'];
const result: JobResult = {
  finishedAt: Date.now(),
  outcome: {
    status: 'succeeded',
    image: { format: 'jpeg', width: 4032, height: 3024 },
    predictions: labels.map((label, index) => ({
      label,
      confidence: 0.123456,
      index: 281 + index,
    })),
    timings: { decode_ms: 12.34, inference_ms: 12.34 },
  },
};
const spec = () => ({
  model: 'efficientnet-lite0-int8',
  modelSha256: sha256,
  topK: 5,
  minConfidence: 0.001,
  format: 'jpeg' as const,
  bytes: image.length,
  createdAt: Date.now(),
});

test('of 10,000 jobs each takes at most 1.5 KB beside its image while it waits, and when it is finished', async () => {
  await measure(async (redis, ids) => {
    const store = createJobStore(redis, 3600);
    const queue = createJobQueue(redis, { onError: () => undefined });
    for (const part of parts(ids)) {
      await Promise.all(
        part.map((id) => store.submit(id, { owner: 'key_alice', spec: spec(), image })),
      );
      await Promise.all(part.map((id) => queue.add(id)));
    }
  });
});

test('so does each row of a batch of 10,000', async () => {
  await measure(async (redis, ids) => {
    const batches = createBatchStore(redis, 3600);
    const batch = newId('batch');
    await batches.open(batch, 'key_alice', { options: { top_k: 5, min_confidence: 0.001 } });
    for (const part of parts(ids)) {
      const row = { id: 'photos/2026/IMG_0001.jpg' };
      const items = part.map((jobId) => ({ row: { jobId, ...row }, spec: spec(), image }));
      await batches.addItems(batch, 'key_alice', items);
    }
    await batches.close(batch);
  });
});

async function measure(submitAll: (redis: Redis, ids: string[]) => Promise<void>): Promise<void> {
  const server = await startRedis();
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  const usedBytes = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
  const before = await usedBytes();
  const bytesAJob = async () => ((await usedBytes()) - before) / JOBS;
  const ids = Array.from({ length: JOBS }, () => newId('job'));
  await submitAll(redis, ids);
  expect(await redis.strlen(`darkroom:image:${ids[0]}`)).toBe(image.length);
  expect((await bytesAJob()) - image.length).toBeLessThanOrEqual(MOST_BYTES);

  const store = createJobStore(redis, 3600);
  const worker = new Worker(QUEUE_NAME, undefined, {
    ...TICKET_RULES,
    connection: redis,
    autorun: false,
  });
  for (const part of parts(ids)) await Promise.all(part.map(finish));
  expect(await redis.exists(`darkroom:image:${ids[0]}`)).toBe(0);
  expect(await bytesAJob()).toBeLessThanOrEqual(MOST_BYTES);
  await worker.close();
  redis.disconnect();
  await server.stop();

  async function finish(id: string) {
    await store.begin(id, 'a1b2c3d4e5f6-12345');
    await store.finish(id, result, sha256);
    const ticket: Job | undefined = await worker.getNextJob('token', { block: false });
    await ticket?.moveToCompleted(undefined, 'token', false);
  }
}

function parts(ids: string[]): string[][] {
  return Array.from({ length: ids.length / 500 }, (_, part) =>
    ids.slice(part * 500, part * 500 + 500),
  );
}
