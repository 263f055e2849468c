import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBatchFeed } from '../shared/batch-feed.ts';
import { createBatchStore } from '../shared/batch-store.ts';
import { parseConfig } from '../shared/config.ts';
import { createDeadLetters } from '../shared/dead-letters.ts';
import { newId } from '../shared/ids.ts';
import { createJobStore } from '../shared/job-store.ts';
import { createLogger } from '../shared/logger.ts';
import { createJobQueue } from '../shared/queue.ts';
import { createJobConsumer } from '../worker/job-consumer.ts';
import { processJob } from '../worker/process-job.ts';
import { createWorkerMetrics } from '../worker/worker-metrics.ts';
import { fillBatch, image, specNow } from './fill-batch.ts';
import { startRedis, type TestRedis } from './redis-server.ts';
import { silentFaults } from './silent-faults.ts';
import { fiveLabels } from './stand-in-worker.ts';
import { until } from './until.ts';

/** 50,000 takes minutes of two busy cores: `FAIRNESS_ITEMS=50000 npx vitest run test/batch-fairness`. */
const ITEMS = Number(process.env.FAIRNESS_ITEMS ?? 3_000);
const KEYS = 10;
const CONCURRENCY = 8;
const EACH = ITEMS / KEYS;

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

test(`${ITEMS} items of ${KEYS} keys advance side by side, and a single picture in the midst waits for what runs only`, {
  timeout: 30_000 + ITEMS * 10,
}, async () => {
  const store = createJobStore(redis, 3600);
  const dead = createDeadLetters(redis, parseConfig({}));
  const batches = createBatchStore(redis, 3600);
  const log = createLogger('test', 'silent');
  const raise = (error: Error) => {
    throw error;
  };
  const queue = createJobQueue(redis, { onError: raise });
  const feed = createBatchFeed(redis, queue);
  const keys = Array.from({ length: KEYS }, (_, key) => `key-${key}`);
  const ownerOf = new Map<string, string>();
  const filled = [];
  for (const owner of keys) {
    const batch = await fillBatch(batches, owner, EACH);
    filled.push(batch);
    for (const id of batch.jobs) ownerOf.set(id, owner);
  }

  const begun: string[] = [];
  const singles: { id: string; begunBefore: number }[] = [];
  /** One of a key that has a batch, and one of a key that has none. */
  const submitSingles = async () => {
    for (const owner of ['key-0', 'stranger']) {
      const id = newId('job');
      await store.submit(id, { owner, spec: specNow(), image });
      await queue.add(id);
      singles.push({ id, begunBefore: begun.length });
    }
  };
  let submitting: Promise<void> | undefined;
  const metrics = createWorkerMetrics(async () => 'ok');
  const pool = { classify: async () => fiveLabels, models: [] };
  const consumer = createJobConsumer({
    maxAttempts: 3,
    connection: redis,
    concurrency: CONCURRENCY,
    log,
    faults: silentFaults,
    run: (id, attempt) => {
      begun.push(id);
      if (begun.length === ITEMS / 2) submitting = submitSingles();
      return processJob(id, attempt, { store, dead, feed, pool, worker: 'w', log, metrics });
    },
    release: (id) => store.release(id),
  });
  await feed.feed();
  await until(
    async () => begun.length,
    (count) => count >= ITEMS + 2,
    20_000 + ITEMS * 8,
  );
  await submitting;
  await consumer.close(5_000);

  for (const { id, begunBefore } of singles) {
    expect(begun.indexOf(id) - begunBefore).toBeLessThanOrEqual(CONCURRENCY);
  }
  // What stood in the queue when the others came, and what was begun at once and told in another order.
  const bound = 4 * CONCURRENCY + CONCURRENCY;
  const progress = new Map(keys.map((key) => [key, 0]));
  for (const id of begun) {
    const owner = ownerOf.get(id);
    if (owner === undefined) continue;
    progress.set(owner, (progress.get(owner) ?? 0) + 1);
    const counts = [...progress.values()];
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(bound);
  }
  for (const { batch } of filled) {
    expect(await batches.read(batch)).toMatchObject({
      status: 'completed',
      counts: { total: EACH, succeeded: EACH },
    });
  }
  expect(new Set(begun).size).toBe(begun.length);
});
