import type { Redis } from 'ioredis';
import { createBatchFeed } from '../shared/batch-feed.ts';
import { createBatchStore } from '../shared/batch-store.ts';
import type { Config } from '../shared/config.ts';
import { createDeadLetters } from '../shared/dead-letters.ts';
import { createFaultLog } from '../shared/fault-log.ts';
import { createImageStoreReader } from '../shared/image-store.ts';
import { createJobStore } from '../shared/job-store.ts';
import { createKeyStore } from '../shared/key-store.ts';
import type { Logger } from '../shared/logger.ts';
import { createJobQueue } from '../shared/queue.ts';

import { createRedisMemoryReader } from '../shared/redis-memory.ts';

import { createRedisProbe } from '../shared/redis-state.ts';

import { createUsageStore } from '../shared/usage-store.ts';
import { createWorkerRegistry } from '../shared/worker-registry.ts';
import { createAdmission } from './admission.ts';
import { registerApiGauges } from './api-gauges.ts';
import { createApiMetrics } from './api-metrics.ts';
import { createDrainRate } from './drain-rate.ts';
import { createIdempotency } from './idempotency.ts';
import { createJobWaits } from './job-waits.ts';
import { createKeyRing } from './key-ring.ts';
import { mayOpen } from './openness.ts';
import { createRateWindow } from './rate-window.ts';
import { remember } from './remember.ts';
import type { ApiDeps } from './route.ts';
import { createUploadMemory } from './upload/upload-memory.ts';

/** Bytes of single uploads that are held at once; at least four of the largest. Beside them the API has 100 MB. */
const UPLOAD_BYTES = 128 * 2 ** 20;

/** How old an answer of Redis may be that serves every submission, in milliseconds. */
export interface Ages {
  /** How full queue and Redis are: at 1,000 submissions a second the limit is passed by at most 100. */
  storedMs: number;
  /** Which workers and models there are. */
  registeredMs: number;
}

interface Connections {
  redis: Redis;
  /** A connection for nothing but the word that jobs are final. */
  subscriber: Redis;
}

/** All that the API's handlers work with, over two connections. */
export function createDeps(
  config: Config,
  { redis, subscriber }: Connections,
  { log, version }: { log: Logger; version: string },
  { storedMs, registeredMs }: Ages = { storedMs: 100, registeredMs: 1_000 },
): ApiDeps {
  const redisState = createRedisProbe(redis);
  const faults = createFaultLog(log, redisState);
  const queue = createJobQueue(redis, {
    onError: (error) => faults.seen('the queue cannot be used', error),
  });
  const registry = createWorkerRegistry(redis);
  const stored = remember(createImageStoreReader(redis), storedMs);
  const memory = remember(createRedisMemoryReader(redis), storedMs);
  const drain = createDrainRate();
  subscriber.on('message', drain.count);
  const waits = createJobWaits(subscriber);
  const registered = remember(() => registry.read(), registeredMs);
  const metrics = createApiMetrics();
  const sources = { redisState, queue, stored, memory, registered, waits, limits: config };
  registerApiGauges(metrics.registry, sources);
  return {
    config,
    store: createJobStore(redis, config.resultTtlSeconds),
    queue,
    batches: createBatchStore(redis, config.resultTtlSeconds),
    feed: createBatchFeed(redis, queue),
    dead: createDeadLetters(redis, config),
    idempotency: createIdempotency(redis, config.resultTtlSeconds),
    waits,
    registered,
    looks: [stored, memory, registered],
    admission: createAdmission({ stored, memory, drainRate: drain.perSecond, limits: config }),
    uploads: createUploadMemory(Math.max(UPLOAD_BYTES, 4 * config.maxImageBytes)),
    usage: createUsageStore(redis),
    keyRing: createKeyRing({
      store: createKeyStore(redis),
      configured: config.apiKeys,
      defaultRate: config.rateLimit,
      mayOpen: mayOpen(config),
    }),
    admit: createRateWindow(redis),
    redisState,
    faults,
    metrics,
    log,
    version,
  };
}
