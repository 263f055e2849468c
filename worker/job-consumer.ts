import { ErrorCode, type Job, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { FaultLog } from '../shared/fault-log.ts';
import type { Logger } from '../shared/logger.ts';
import { QUEUE_NAME, TICKET_BACKOFF, TICKET_RULES } from '../shared/queue.ts';
import { isRedisUnavailable } from '../shared/redis.ts';
import { onceRedisCan } from './once-redis-can.ts';
import { NoFreeChild } from './pool/waiting-images.ts';

export interface JobConsumer {
  /**
   * Takes no more jobs and lets the running ones end; those that have not by the deadline go back to the queue.
   * Resolves also where Redis is gone.
   */
  close(deadlineMs: number): Promise<void>;
}

export interface Attempt {
  isLastAttempt: boolean;
  /** Aborts when the job goes back to the queue, and nobody waits for the attempt any more. */
  signal?: AbortSignal | undefined;
}

export interface JobConsumerOptions {
  connection: Redis;
  /** Jobs that are held at once. */
  concurrency: number;
  /** The same while always more wait: one more with each that ends, up to this. By default no more. */
  mostHeld?: () => number;
  /** Attempts that a job has while what fails is no fault of its own. */
  maxAttempts: number;
  log: Logger;
  faults: FaultLog;
  /** Runs one job; throws where it is to be tried again, NoFreeChild where another worker is to have it. */
  run: (id: string, attempt: Attempt) => Promise<void>;
  /** Called for a job that waits again after an attempt that came to nothing, or before it was tried. */
  release: (id: string, wasTried: boolean) => Promise<void>;
}

/** Takes jobs from the queue and runs them, as many at once as it may hold; gives back those that are not run. */
export function createJobConsumer({
  connection,
  concurrency,
  mostHeld = () => concurrency,
  maxAttempts,
  log,
  faults,
  run,
  release,
}: JobConsumerOptions): JobConsumer {
  const process = async (job: Job, token?: string, signal?: AbortSignal) => {
    const id = job.id ?? '';
    job.opts.attempts = maxAttempts;
    job.opts.backoff = TICKET_BACKOFF;
    const isLastAttempt = job.attemptsMade + 1 >= maxAttempts;
    const stopped = new Promise<'stopped'>((resolve) => {
      signal?.addEventListener('abort', () => resolve('stopped'), { once: true });
    });
    let wasTried = true;
    try {
      const running = run(id, { isLastAttempt, signal }).then(() => 'done' as const);
      // Where the stop wins, what becomes of the attempt is nobody's business any more.
      running.catch(() => undefined);
      if ((await Promise.race([running, stopped])) === 'done') return;
    } catch (error) {
      if (isRedisUnavailable(error)) throw new WaitingError();
      if (!(error instanceof NoFreeChild)) {
        await onceRedisCan(() => release(id, true), signal);
        throw error;
      }
      wasTried = false;
    }
    // Where Redis cannot, the lock runs out there, and another worker takes over.
    await release(id, wasTried)
      .then(() => job.moveToWait(token))
      .catch((error: unknown) => log.warn({ err: error, job: id }, 'a job was not given back'));
    throw new WaitingError();
  };

  const worker = new Worker(QUEUE_NAME, process, {
    ...TICKET_RULES,
    connection,
    concurrency,
    // A worker that was killed is missed after 6 s and its jobs are taken over at the next check: after 8 s at most.
    lockDuration: 6_000,
    stalledInterval: 2_000,
    // The death of a worker is never the image's fault, however often it happens.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: 1_000,
  });
  // Where the queue is empty, a job that is held for later may be one that another worker could begin now.
  let isEmpty = true;
  worker.on('active', () => {
    isEmpty = false;
  });
  worker.on('drained', () => {
    isEmpty = true;
    worker.concurrency = concurrency;
  });
  worker.on('completed', () => {
    if (isEmpty) return;
    worker.concurrency = Math.max(concurrency, Math.min(worker.concurrency + 1, mostHeld()));
  });
  worker.on('error', (error) => {
    if (isLostTicket(error)) log.info({ err: error }, 'a ticket was not held any more');
    else faults.seen('the queue cannot be read', error);
  });
  worker.on('failed', (job, error) => log.warn({ err: error, job: job?.id }, 'an attempt failed'));
  worker.on('stalled', (id) => log.warn({ job: id }, 'a job of a lost worker is taken over'));

  return {
    async close(deadlineMs) {
      const closing = worker.close();
      if (await within(deadlineMs, closing)) return;
      worker.cancelAllJobs();
      if (await within(1_000, closing)) return;
      // Only without Redis does it come to this: the locks run out there, and another worker takes over.
      await within(500, worker.close(true));
    },
  };
}

/**
 * What BullMQ says of a ticket that it was done with already, as where Redis died before it could say so, or that
 * another worker has taken over. Its job is final once all the same.
 */
function isLostTicket(error: Error): boolean {
  const { code } = error as { code?: unknown };
  const lost: unknown[] = [
    ErrorCode.JobNotExist,
    ErrorCode.JobLockNotExist,
    ErrorCode.JobNotInState,
    ErrorCode.JobLockMismatch,
  ];
  return lost.includes(code);
}

/** Whether a promise was settled in time. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  return Promise.race([promise.then(() => true), late]).finally(() => clearTimeout(timer));
}
