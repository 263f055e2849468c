import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { createBatchFeed } from '../../shared/batch-feed.ts';
import { compileSoon } from '../../shared/compile-soon.ts';
import { parseConfig } from '../../shared/config.ts';
import { createDeadLetters } from '../../shared/dead-letters.ts';
import { createJobStore } from '../../shared/job-store.ts';
import { createLogger } from '../../shared/logger.ts';
import { createJobQueue } from '../../shared/queue.ts';
import { createPatientRedis } from '../../shared/redis.ts';
import { signal } from '../../test/signal.ts';
import { fiveLabels } from '../../test/stand-in-worker.ts';
import { createJobConsumer } from '../../worker/job-consumer.ts';
import { processJob } from '../../worker/process-job.ts';
import { createWorkerMetrics } from '../../worker/worker-metrics.ts';

export interface WorkersOrder {
  workers: number;
  /** Jobs that a worker has at once. */
  concurrency: number;
  /** How long a job takes, by a timer: no image is opened. */
  workMs: number;
  /** Ends after so many jobs, or so many seconds. */
  jobs: number;
  seconds: number;
}

const TTL_SECONDS = 86_400;
const WORKER = 'simulated';

/** A process with workers in it that are real but for the children. */
const [redisUrl = ''] = process.argv.slice(2);
const log = createLogger('simulated-worker', 'error');

process.on('message', async (order: WorkersOrder) => {
  let done = 0;
  const begun = signal();
  const enough = signal();
  const workers = await Promise.all(
    Array.from({ length: order.workers }, () =>
      startWorker(order, () => {
        done += 1;
        if (done >= order.workers) begun.resolve();
        if (done >= order.jobs) enough.resolve();
      }),
    ),
  );
  // Until then they start, which takes many of them at once longer than one.
  await begun.promise;
  const startedAt = performance.now();
  const before = done;
  await Promise.race([enough.promise, delay(order.seconds * 1000)]);
  const answer = { jobs: done - before, seconds: (performance.now() - startedAt) / 1000 };
  await Promise.all(workers.map((stop) => stop()));
  process.send?.(answer);
});
process.on('disconnect', () => process.exit());
compileSoon();

async function startWorker(
  { concurrency, workMs }: WorkersOrder,
  onDone: () => void,
): Promise<() => Promise<void>> {
  const connection = createPatientRedis(redisUrl);
  await once(connection, 'ready');
  const store = createJobStore(connection, TTL_SECONDS);
  const faults = {
    seen: (fault: string, error: unknown) => log.error({ err: error }, fault),
    over: () => undefined,
  };
  const queue = createJobQueue(connection, {
    onError: (error) => log.error(error),
  });
  const pool = {
    models: [],
    async classify() {
      if (workMs > 0) await delay(workMs);
      return fiveLabels;
    },
  };
  const feed = createBatchFeed(connection, queue);
  const metrics = createWorkerMetrics(async () => 'ok');
  const dead = createDeadLetters(connection, parseConfig({}));
  const deps = { store, dead, feed, pool, worker: WORKER, log, metrics };
  const consumer = createJobConsumer({
    maxAttempts: 3,
    connection,
    concurrency,
    beginNextOn: (taking) => {
      const { beginNext } = createJobStore(taking, TTL_SECONDS);
      return (token) => beginNext(token, WORKER);
    },
    log,
    faults,
    run: async (id, attempt) => {
      await processJob(id, attempt, deps);
      onDone();
    },
    release: (id) => store.release(id),
  });
  return async () => {
    await consumer.close(5_000);
    connection.disconnect();
  };
}
