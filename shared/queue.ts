import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { RIDERS_OF_LUA } from './riders.ts';

/** The name of the one BullMQ queue; its keys in Redis begin with `bull:jobs:`. */
export const QUEUE_NAME = 'jobs';

export interface QueueDepth {
  /** Single jobs that wait. */
  waiting: number;
  /** Jobs of batches that wait; most of a batch has no ticket yet. */
  batch: number;
  /** Jobs that wait for their next attempt. */
  retrying: number;
  /** Jobs that workers hold. */
  active: number;
  /** Of the jobs that wait for a worker, the oldest of each kind. */
  oldestIds: string[];
}

export type JobQueue = ReturnType<typeof createJobQueue>;

/** Of the tickets that workers hold the jobs: each has its own, and its riders. */
const COUNT_HELD_LUA = `${RIDERS_OF_LUA}
  local held = 0
  for _, id in ipairs(redis.call('LRANGE', 'bull:${QUEUE_NAME}:active', 0, -1)) do
    held = held + 1 + #ridersOf(id)
  end
  return held`;

/** What is true of every ticket, and so stands in none: that it goes when it is done. */
export const TICKET_RULES = { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } };

/** When a ticket is tried again: after a second, twice as long after each attempt, and up to half of it less. */
export const TICKET_BACKOFF = { type: 'exponential', delay: 1000, jitter: 0.5 };

/**
 * Redis keeps a ticket in less than half of the memory while its options, as JSON, have at most 64 bytes. So how often it
 * is tried is the worker's to know, and `attempts` is undefined: BullMQ would write it as 0, which makes them 65.
 */
const WITHOUT_ATTEMPTS: object = { attempts: undefined };

/**
 * The queue of job ids. A ticket holds no data but its riders: a job's record and image stand in the job store.
 * Tickets leave Redis when they are done, since the record tells what came of the job.
 */
export function createJobQueue(redis: Redis, { onError }: { onError: (error: Error) => void }) {
  const queue = new Queue(QUEUE_NAME, {
    connection: redis,
    skipMetasUpdate: true,
    // The API starts, and answers 503, while Redis is not there yet; otherwise one failed start-up check would stay.
    skipWaitingForReady: true,
    skipVersionCheck: true,
  });
  queue.on('error', onError);
  redis.defineCommand('countHeldJobs', { numberOfKeys: 0, lua: COUNT_HELD_LUA });
  const { countHeldJobs } = redis as unknown as { countHeldJobs(): Promise<number> };
  const ticket = (jobId: string) => ({ jobId, ...WITHOUT_ATTEMPTS });
  /** How many jobs are in which state, and which wait longest. The time does not depend on how many wait. */
  const depth = async (): Promise<QueueDepth> => {
    const [counts, active, single, [batch]] = await Promise.all([
      queue.getJobCounts('wait', 'prioritized', 'delayed'),
      countHeldJobs.call(redis),
      redis.lindex(queue.toKey('wait'), -1),
      redis.zrange(queue.toKey('prioritized'), '0', '0'),
    ]);
    const { wait = 0, prioritized = 0, delayed = 0 } = counts;
    const oldestIds = [single, batch].filter((id) => typeof id === 'string');
    return { waiting: wait, batch: prioritized, retrying: delayed, active, oldestIds };
  };
  return {
    /** Puts a job's ticket into the queue. Doing it twice is doing it once: the ticket bears the job's id. */
    async add(jobId: string): Promise<void> {
      await queue.add('classify', null, ticket(jobId));
    },

    /** Puts tickets of batches into the queue, behind those of single jobs. */
    async addOfBatch(jobIds: string[]): Promise<void> {
      await queue.addBulk(
        jobIds.map((id) => ({
          name: 'classify',
          data: null,
          opts: { ...ticket(id), priority: 1 },
        })),
      );
    },

    /**
     * Takes the ticket of a canceled single job out; one that a worker holds stays, and finds its job final. So does one of
     * a batch, which may have riders.
     */
    async remove(jobId: string): Promise<void> {
      const priority = await redis.hget(queue.toKey(jobId), 'priority');
      if (Number(priority) === 0) await queue.remove(jobId);
    },

    depth,

    /** How many jobs wait and how many run. The time does not depend on how many wait. */
    async counts(): Promise<{ waiting: number; active: number }> {
      const { waiting, batch, retrying, active } = await depth();
      return { waiting: waiting + batch + retrying, active };
    },
  };
}
