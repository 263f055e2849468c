import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createBatchFeed } from '../shared/batch-feed.ts';
import { compileSoon } from '../shared/compile-soon.ts';
import { type Config, ConfigError, parseConfig } from '../shared/config.ts';
import { createDeadLetters } from '../shared/dead-letters.ts';
import { createFaultLog } from '../shared/fault-log.ts';
import { createJobStore } from '../shared/job-store.ts';
import { createLogger } from '../shared/logger.ts';
import { serveMetrics } from '../shared/metrics-server.ts';
import { createJobQueue } from '../shared/queue.ts';
import { createPatientRedis } from '../shared/redis.ts';
import { createRedisProbe } from '../shared/redis-state.ts';
import { createRiders } from '../shared/riders.ts';
import { onShutdown } from '../shared/shutdown.ts';
import { createWorkerRegistry, HEARTBEAT_MS } from '../shared/worker-registry.ts';
import { availableCores } from './available-cores.ts';
import { createJobConsumer } from './job-consumer.ts';
import { ModelsUnusable } from './pool/child.ts';
import { createChildPool } from './pool/child-pool.ts';
import { processJob } from './process-job.ts';
import { createProgress } from './progress.ts';
import { createQueueUpkeep } from './queue-upkeep.ts';
import { readPlace } from './read-place.ts';
import { createWorkerMetrics } from './worker-metrics.ts';

process.title = 'darkroom-worker';

/** How often a worker looks after the queue, and whether it wants more of the batches, beside after every job. */
const TEND_MS = 1_000;

const LONGEST_LEAVE_MS = 1_000;

/**
 * Tickets that are held, with their images, by so many children: one more for every two, so that a child has its next one
 * at once; and while always more wait, enough for a group of each, and half as many again. A worker with a single child
 * holds one, and its riders. By two it would do an eighth more alone, but two such workers on two cores then 1.65 times
 * one instead of 1.75, and four of one machine came to less equal shares.
 */
const jobsHeld = (children: number, groupSize = 1) =>
  children === 1 ? 1 : Math.floor(1.5 * children * groupSize);

try {
  await main(parseConfig(process.env));
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof ModelsUnusable)) throw error;
  // A wrong setting or model: a restart does not heal it, so the exit code says so (EX_CONFIG of sysexits.h).
  process.stderr.write(`${error.message}\n`);
  process.exit(78);
}

async function main(config: Config): Promise<void> {
  const log = createLogger('worker', config.logLevel);
  const worker = `${hostname()}-${process.pid}`;
  const concurrency = config.workerConcurrency ?? availableCores();
  const redis = createPatientRedis(config.redisUrl);
  const redisState = createRedisProbe(redis);
  const faults = createFaultLog(log, redisState);
  redis.on('error', (error) => faults.seen('a connection to Redis failed', error));

  const metrics = createWorkerMetrics(redisState);
  const { host, metricsPort } = config;
  const metricsServer = metricsPort
    ? await serveMetrics(metrics.registry, { host, port: metricsPort })
    : undefined;

  const pool = await createChildPool(
    concurrency,
    {
      entry: fileURLToPath(
        new URL(
          import.meta.url.endsWith('.ts') ? './child/main.ts' : './child/main.js',
          import.meta.url,
        ),
      ),
      settings: { modelsDir: resolve(config.modelsDir), maxImagePixels: config.maxImagePixels },
      timeoutMs: config.jobTimeoutMs,
      memoryLimitBytes: config.childMemoryLimitBytes,
      maxImages: config.childMaxImages,
    },
    { log, faults, metrics },
  );
  const store = createJobStore(redis, config.resultTtlSeconds);
  const dead = createDeadLetters(redis, config);
  const registry = createWorkerRegistry(redis);
  const models = pool.models.map(({ name }) => name);
  requireDefaultModel(config, models);
  const queue = createJobQueue(redis, {
    onError: (error) => faults.seen('the queue cannot be used', error),
  });
  const progress = createProgress({ concurrency, jobTimeoutMs: config.jobTimeoutMs });
  const tellProgress = async () => {
    const { waiting, batch } = await queue.depth();
    progress.look(waiting + batch > 0);
    const stuck = progress.stuck();
    const info = { name: worker, concurrency, models, ...(stuck ? { stuck } : {}) };
    await registry.announce(info, pool.models);
  };
  const announce = async () => {
    // Without Redis the announcements would pile up, and all be sent when it is back.
    if (redis.status !== 'ready') return;
    await tellProgress().then(
      () => faults.over('the heartbeat failed'),
      (error: unknown) => {
        faults.seen('the heartbeat failed', error);
        progress.restart();
      },
    );
  };
  const feed = createBatchFeed(redis, queue);
  const place = readPlace(concurrency);
  const consumer = createJobConsumer({
    connection: redis,
    maxAttempts: config.maxAttempts,
    concurrency: jobsHeld(concurrency),
    mostHeld: () => jobsHeld(concurrency, pool.groupSize()),
    beginNextOn: (taking) => {
      const { beginNext } = createJobStore(taking, config.resultTtlSeconds);
      return (token) => beginNext(token, worker, place);
    },
    riders: createRiders(redis, queue),
    groupSize: pool.groupSize,
    log,
    faults,
    run: async (id, attempt) => {
      const end = progress.begin();
      await processJob(id, attempt, {
        store,
        dead,
        feed,
        pool,
        worker,
        place,
        log,
        metrics,
      }).finally(end);
    },
    release: store.release,
  });
  void announce();
  redis.on('ready', () => {
    progress.restart();
    void announce();
  });
  const upkeep = createQueueUpkeep(redis, queue);
  // What a lost API or worker has left behind, and the first of a batch, wait for no other word.
  const tending = setInterval(() => {
    if (redis.status !== 'ready') return;
    Promise.all([feed.feed(), upkeep.tend()]).then(
      () => faults.over('the queue cannot be tended'),
      (error: unknown) => faults.seen('the queue cannot be tended', error),
    );
  }, TEND_MS);
  const heartbeat = setInterval(announce, HEARTBEAT_MS);
  log.info({ worker, concurrency, models, ms: Math.round(performance.now()) }, 'ready');
  compileSoon();

  onShutdown(async () => {
    clearInterval(heartbeat);
    clearInterval(tending);
    await consumer.close(config.shutdownTimeoutMs);
    await pool.close();
    // Where Redis does not answer it forgets the worker by itself, soon.
    if (redis.status === 'ready') {
      await Promise.race([registry.leave(worker), delay(LONGEST_LEAVE_MS)]);
    }
    metricsServer?.close();
    redis.disconnect();
  }, log);
}

function requireDefaultModel(config: Config, names: string[]): void {
  if (names.includes(config.defaultModel)) return;
  throw new ConfigError(
    `Expected the name of a model in ${config.modelsDir} (${names.join(', ')}) for DEFAULT_MODEL but received '${config.defaultModel}'.`,
  );
}
