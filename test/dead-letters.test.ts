import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createBatchFeed } from '../shared/batch-feed.ts';
import { newId } from '../shared/ids.ts';
import { createLogger } from '../shared/logger.ts';
import { createPatientRedis } from '../shared/redis.ts';
import { createJobConsumer } from '../worker/job-consumer.ts';
import { createChildPool } from '../worker/pool/child-pool.ts';
import { processJob } from '../worker/process-job.ts';
import { createWorkerMetrics } from '../worker/worker-metrics.ts';
import { startApi } from './api/start-api.ts';
import { specNow } from './fill-batch.ts';
import { startRedis } from './redis-server.ts';
import { silentFaults } from './silent-faults.ts';
import { until } from './until.ts';

test('what a broken worker gives up is kept with its cause, and a retry succeeds once it is mended', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-broken-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const broken = join(folder, 'broken');
  writeFileSync(broken, '');

  const server = await startRedis();
  const redis = createPatientRedis(server.url);
  const api = await startApi({ redisUrl: server.url });
  const { store, dead, queue } = api;
  const log = createLogger('test', 'silent');
  const metrics = createWorkerMetrics(async () => 'ok');
  const pool = await createChildPool(
    1,
    {
      entry: fileURLToPath(new URL('./children/misbehaving-child.ts', import.meta.url)),
      execArgv: ['--import', 'tsx'],
      settings: { modelsDir: 'models', maxImagePixels: 1 },
      timeoutMs: 20_000,
      maxImages: 1_000,
      memoryLimitBytes: 2 ** 30,
    },
    { log, faults: silentFaults, metrics },
  );
  const feed = createBatchFeed(redis, queue);
  const consumer = createJobConsumer({
    connection: redis,
    concurrency: 1,
    maxAttempts: 3,
    log,
    faults: silentFaults,
    run: (id, attempt) =>
      processJob(id, attempt, { store, dead, feed, pool, worker: 'w', log, metrics }),
    release: (id) => store.release(id),
  });
  onTestFinished(async () => {
    await consumer.close(5_000);
    await pool.close();
    await api.stop();
    redis.disconnect();
    await server.stop();
  });

  const id = newId('job');
  const image = Buffer.from(`throw-while:${broken}`);
  await store.submit(id, { owner: '', spec: { ...specNow(), bytes: image.length }, image });
  await queue.add(id);
  const { body: failed } = await api.call(`/v1/jobs/${id}?wait=60`);
  expect(failed).toMatchObject({ status: 'failed', attempts: 3, error: { code: 'internal' } });
  const letter = await api.call(`/v1/dead/${id}`);
  expect(letter.body).toMatchObject({ cause: expect.stringContaining('the session failed') });

  rmSync(broken);
  const retried = await api.call(`/v1/dead/${id}/retry`, { method: 'POST' });
  await feed.feed();
  const job = await until(
    () => store.read(retried.body.id ?? ''),
    (record) => record?.status === 'succeeded',
  );
  expect(job).toMatchObject({ attempts: 1, retryOf: id });
});
