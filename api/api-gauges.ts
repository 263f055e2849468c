import type { Registry } from 'prom-client';
import type { Config } from '../shared/config.ts';
import { idTime } from '../shared/ids.ts';
import type { ImageStoreState } from '../shared/image-store.ts';
import { inTime } from '../shared/in-time.ts';
import type { JobQueue, QueueDepth } from '../shared/queue.ts';
import { redisGauges } from '../shared/redis-gauges.ts';
import type { RedisMemory } from '../shared/redis-memory.ts';
import type { RedisState } from '../shared/redis-state.ts';
import { registerScrapeGauges, type ScrapeGauge } from '../shared/scrape-gauges.ts';
import type { Registered } from '../shared/worker-registry.ts';
import type { JobWaits } from './job-waits.ts';

export interface ApiGaugeSources {
  redisState: () => Promise<RedisState>;
  queue: Pick<JobQueue, 'depth'>;
  stored: () => Promise<ImageStoreState>;
  memory: () => Promise<RedisMemory>;
  registered: () => Promise<Registered>;
  waits: Pick<JobWaits, 'open'>;
  limits: Pick<Config, 'queueLimit' | 'queueBytesLimit'>;
}

/** What is read of Redis at a scrape; nothing but its state where it does not answer. */
interface Snapshot {
  redis: RedisState;
  depth?: QueueDepth;
  stored?: ImageStoreState;
  memory?: RedisMemory;
  workers?: number;
}

/** Longest reading of one scrape, beside the question whether Redis can be used. */
const READ_MS = 800;

/** Gauges of the whole service, as Redis has it, and of this API's open waits. */
export function registerApiGauges(registry: Registry, sources: ApiGaugeSources): void {
  registerScrapeGauges(registry, () => takeSnapshot(sources), [
    ...redisGauges,
    ...queueGauges,
    ...limitGauges(sources.limits),
    {
      name: 'darkroom_redis_memory_used_bytes',
      help: 'Memory that Redis uses for its data.',
      values: ({ memory }) => memory?.usedBytes,
    },
    {
      name: 'darkroom_redis_memory_max_bytes',
      help: 'Memory above which Redis refuses to store; +Inf where it has no limit.',
      values: ({ memory }) => memory?.maxBytes,
    },
    {
      name: 'darkroom_workers',
      help: 'Workers that Redis has heard of in the last 15 seconds.',
      values: ({ workers }) => workers,
    },
    {
      name: 'darkroom_open_waits',
      help: 'Calls that wait at this API for a job or a batch to become final.',
      values: () => sources.waits.open(),
    },
  ]);
}

const queueGauges: ScrapeGauge<Snapshot>[] = [
  {
    name: 'darkroom_queue_jobs',
    help: 'Jobs with a ticket in the queue: single ones and those of batches that wait, those that wait for another attempt, and those that run.',
    label: 'state',
    values: ({ depth }) =>
      depth && {
        waiting: depth.waiting,
        batch: depth.batch,
        retrying: depth.retrying,
        active: depth.active,
      },
  },
  {
    name: 'darkroom_queue_oldest_seconds',
    help: 'Seconds since the submission of the oldest job whose ticket waits; 0 where none does.',
    values: ({ depth }) => depth && secondsSince(depth.oldestIds),
  },
];

function limitGauges(limits: ApiGaugeSources['limits']): ScrapeGauge<Snapshot>[] {
  return [
    {
      name: 'darkroom_stored_images',
      help: 'Images that wait or run, those of batches without a ticket too.',
      values: ({ stored }) => stored?.images,
    },
    {
      name: 'darkroom_stored_images_limit',
      help: 'QUEUE_LIMIT: at so many images submissions are refused.',
      values: () => limits.queueLimit,
    },
    {
      name: 'darkroom_stored_bytes',
      help: 'Bytes of the images that wait or run.',
      values: ({ stored }) => stored?.bytes,
    },
    {
      name: 'darkroom_stored_bytes_limit',
      help: 'QUEUE_BYTES_LIMIT: at so many bytes submissions are refused.',
      values: () => limits.queueBytesLimit,
    },
  ];
}

async function takeSnapshot(sources: ApiGaugeSources): Promise<Snapshot> {
  const redis = await sources.redisState();
  if (redis === 'unreachable' || redis === 'silent' || redis === 'loading') return { redis };
  const { queue, stored, memory, registered } = sources;
  const reading = Promise.all([queue.depth(), stored(), memory(), registered()]);
  return inTime(reading, READ_MS).then(
    ([depth, stored, memory, { workers }]) => ({
      redis,
      depth,
      stored,
      memory,
      workers: workers.length,
    }),
    // It was lost after it had answered; the next scrape says how it is.
    () => ({ redis }),
  );
}

function secondsSince(ids: string[]): number {
  const times = ids.flatMap((id) => idTime('job', id) ?? []);
  return times.length > 0 ? Math.max(0, Date.now() - Math.min(...times)) / 1000 : 0;
}
