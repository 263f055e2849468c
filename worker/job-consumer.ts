import { ErrorCode, type Job, WaitingError } from 'bullmq';
import type { Redis } from 'ioredis';
import type { FaultLog } from '../shared/fault-log.ts';
import { QUEUE_NAME, TICKET_BACKOFF, TICKET_RULES } from '../shared/queue.ts';
import { isRedisUnavailable } from '../shared/redis.ts';
import type { Riders } from '../shared/riders.ts';
import { type EagerOptions, EagerWorker } from './eager-worker.ts';
import { onceRedisCan } from './once-redis-can.ts';
import { runTicket, type TicketDeps } from './run-ticket.ts';

export interface JobConsumer {
  /**
   * Takes no more jobs and lets the running ones end; those that have not by the deadline go back to the queue.
   * Resolves also where Redis is gone.
   */
  close(deadlineMs: number): Promise<void>;
}

export interface JobConsumerOptions extends Omit<TicketDeps, 'dropRider'> {
  connection: Redis;
  /** Tickets that are held at once. */
  concurrency: number;
  /** The same while always more wait: one more with each that ends, up to this. By default no more. */
  mostHeld?: () => number;
  /** Begins jobs together with their tickets, on a connection that takes these; by default none. */
  beginNextOn?: EagerOptions['beginNextOn'];
  /** What a ticket of a batch takes along; by default nothing. */
  riders?: Riders;
  /** Jobs of a ticket and its riders at most. */
  groupSize?: () => number;
  /** Attempts that a job has while what fails is no fault of its own. */
  maxAttempts: number;
  faults: FaultLog;
}

/** Takes jobs from the queue and runs them, as many at once as it may hold; gives back those that are not run. */
export function createJobConsumer({
  connection,
  concurrency,
  mostHeld = () => concurrency,
  beginNextOn = () => async () => undefined,
  riders = { take: async () => [], drop: async () => undefined },
  groupSize = () => 1,
  maxAttempts,
  log,
  faults,
  run,
  release,
}: JobConsumerOptions): JobConsumer {
  /** Jobs that are held, riders included. */
  let held = 0;
  /** Whether the last ticket brought riders: then more tickets would hold too much. */
  let hasRiders = false;

  const ridersOf = async (ticket: Job, token = '', signal?: AbortSignal): Promise<string[]> => {
    // One that comes again has those that it had, and takes no more, who would have fewer attempts than others.
    if (Array.isArray(ticket.data)) return ticket.data;
    const mayRide = isOfBatch(ticket) && !ticket.attemptsMade && held <= mostHeld();
    const most = mayRide ? groupSize() - 1 : 0;
    const taken =
      most > 0 ? await onceRedisCan(() => riders.take(ticket.id ?? '', token, most), signal) : [];
    hasRiders = taken.length > 0;
    if (hasRiders) worker.concurrency = concurrency;
    return taken;
  };

  const process = async (ticket: Job, token?: string, signal?: AbortSignal) => {
    ticket.opts.attempts = maxAttempts;
    ticket.opts.backoff = TICKET_BACKOFF;
    const isLastAttempt = ticket.attemptsMade + 1 >= maxAttempts;
    const ids = [ticket.id ?? ''];
    const dropRider = (id: string) => riders.drop(ticket.id ?? '', id);
    held += 1;
    worker.concurrency = Math.max(worker.concurrency, concurrency);
    try {
      ids.push(...(await ridersOf(ticket, token, signal)));
      held += ids.length - 1;
      const begun = await worker.begunOf(ticket);
      const attempt = { isLastAttempt, isOfBatch: isOfBatch(ticket), begun, signal };
      const end = await runTicket(ids, attempt, { run, release, dropRider, log });
      if (end === 'done') return;
      if (end === 'waits') {
        await ticket.moveToWait(token).catch((error: unknown) => {
          log.warn({ err: error, job: ticket.id }, 'a ticket was not given back');
        });
      }
    } catch (error) {
      if (!isRedisUnavailable(error)) throw error;
    } finally {
      held -= ids.length;
      if (isEmpty) expectOne();
    }
    throw new WaitingError();
  };

  const worker = new EagerWorker(QUEUE_NAME, process, {
    ...TICKET_RULES,
    connection,
    beginNextOn,
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
  // BullMQ asks for all that it may hold before it runs the first.
  const expectOne = () => {
    worker.concurrency = held > 0 ? concurrency : 1;
  };
  worker.on('drained', () => {
    isEmpty = true;
    expectOne();
  });
  worker.on('completed', () => {
    if (isEmpty || hasRiders) return;
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

/** Tickets of batches have a priority, behind those that have none. */
function isOfBatch(ticket: Job): boolean {
  return ticket.priority > 0;
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
