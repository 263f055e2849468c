import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import type { HttpBindings } from '@hono/node-server';
import type { Handler } from 'hono';
import type { BatchFeed } from '../shared/batch-feed.ts';
import type { BatchStore } from '../shared/batch-store.ts';
import type { Config } from '../shared/config.ts';
import type { DeadLetters } from '../shared/dead-letters.ts';
import type { FaultLog } from '../shared/fault-log.ts';
import type { JobStore } from '../shared/job-store.ts';
import type { Logger } from '../shared/logger.ts';
import type { JobQueue } from '../shared/queue.ts';
import type { Rate } from '../shared/rate.ts';
import type { RedisState } from '../shared/redis-state.ts';
import type { UsageStore } from '../shared/usage-store.ts';
import type { Registered } from '../shared/worker-registry.ts';
import type { Admission } from './admission.ts';
import type { ApiMetrics } from './api-metrics.ts';
import type { Idempotency } from './idempotency.ts';
import type { JobWaits } from './job-waits.ts';
import type { KeyRing } from './key-ring.ts';
import type { createRateWindow } from './rate-window.ts';
import type { UploadMemory } from './upload/upload-memory.ts';

/** All that the API's handlers work with; `main.ts` makes it, once. */
export interface ApiDeps {
  config: Config;
  store: JobStore;
  batches: BatchStore;
  feed: BatchFeed;
  idempotency: Idempotency;
  dead: DeadLetters;
  queue: JobQueue;
  waits: JobWaits;
  /** The workers and models that are there, at most a second old. */
  registered: () => Promise<Registered>;
  admission: Admission;
  /** What every submission looks up, each remembered for a time. */
  looks: (() => Promise<unknown>)[];
  uploads: UploadMemory;
  usage: UsageStore;
  keyRing: KeyRing;
  /** Counts a submission against its key's rate. */
  admit: ReturnType<typeof createRateWindow>;
  /** Whether Redis can be used now; answers within a second. */
  redisState: () => Promise<RedisState>;
  faults: FaultLog;
  metrics: ApiMetrics;
  log: Logger;
  version: string;
}

export interface ApiEnv {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    /** The key that calls; empty while the service is open. */
    owner: string;
    /** Whether the caller runs the service. */
    isOperator: boolean;
    /** The calling key's rate limit, where it has one. */
    rate?: Rate;
    /** The job that a request made or asked for, for the log. */
    jobId?: string;
  };
}

/** One call of the API: what the OpenAPI document says of it, and what it does. */
export interface Route {
  doc: RouteConfig;
  /** Whether it submits images: what a key's rate limit and usage count. */
  isSubmission?: true;
  /** Whether it is for those who run the service alone. */
  isOperators?: true;
  handle: (deps: ApiDeps) => Handler<ApiEnv>;
}
