import { randomUUID } from 'node:crypto';
import {
  type Job,
  type JobJson,
  type Processor,
  QueueKeys,
  RedisConnection,
  RedisQueueBackend,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import type { Redis } from 'ioredis';
import type { NextJob } from '../shared/job-store.ts';

/** Begins the job whose ticket was taken last, where that was under this token. */
type BeginNext = (token: string) => Promise<NextJob | undefined>;

export interface EagerOptions extends WorkerOptions {
  connection: Redis;
  /** Begins jobs on a connection that takes tickets. */
  beginNextOn: (redis: Redis) => BeginNext;
}

/**
 * BullMQ's worker, which asks three times where it is idle: it waits for the word that there is a ticket, takes one, and
 * begins its job. Here the commands that do the last two stand behind the wait already, on the same connection, and
 * Redis runs them the moment the wait ends. So a job that comes to an idle worker is there in one answer, with its image.
 *
 * So is the next job of a worker that holds one ticket at a time: what begins it stands behind the script that ends the
 * last one and takes the next. One that holds more has its next job here already, and would ask in vain where none waits.
 */
export class EagerWorker extends Worker<unknown, void, string, EagerBackend> {
  readonly #begun = new WeakMap<Job, Promise<NextJob | undefined>>();

  constructor(
    name: string,
    processor: Processor<unknown, void>,
    { beginNextOn, ...options }: EagerOptions,
  ) {
    super(name, processor, options, () => new EagerBackend(name, options, beginNextOn));
  }

  /** The job of a ticket, where it was begun with it. */
  async begunOf(ticket: Job): Promise<NextJob | undefined> {
    return this.#begun.get(ticket);
  }

  protected override async nextJobFromJobData(data?: JobJson, id?: string, token?: string) {
    const ahead = data && this.backend.aheadOf(data);
    const ticket = await super.nextJobFromJobData(data, id, ahead?.token ?? token);
    if (ahead) this.#begun.set(ticket, ahead.begun);
    return ticket;
  }
}

/** As `moveToActive` of BullMQ's backend has it: the ticket's fields first, where there is one. */
type Answer = Awaited<ReturnType<RedisQueueBackend['moveToActive']>>;

/** What belongs to a ticket that was taken ahead. */
interface Ahead {
  /** Under which it is locked. */
  token: string;
  begun: Promise<NextJob | undefined>;
}

class EagerBackend extends RedisQueueBackend {
  /** Takes tickets on the connection that waits for them. */
  readonly #taker: RedisQueueBackend;
  readonly #beginOnWaiting: BeginNext;
  /** Where one ticket is held at a time. */
  readonly #beginOnWorking: BeginNext | undefined;
  readonly #ahead = new WeakMap<JobJson, Ahead>();
  /** What came with the end of the last wait, until the worker asks. */
  #answer: Answer | undefined;

  constructor(
    name: string,
    options: Omit<EagerOptions, 'beginNextOn'>,
    beginNextOn: EagerOptions['beginNextOn'],
  ) {
    const queueKeys = new QueueKeys();
    const keys = queueKeys.getKeys(name);
    const toKey = (type: string) => queueKeys.toKey(name, type);
    const waiting = options.connection.duplicate();
    const waits = new RedisConnection(waiting, { blocking: true });
    const works = new RedisConnection(options.connection, { blocking: false, shared: true });
    super(works, name, keys, toKey, options, waits);
    this.#taker = new RedisQueueBackend(waits, name, keys, toKey, options, undefined, false);
    this.#beginOnWaiting = beginNextOn(waiting);
    if (options.concurrency === 1) this.#beginOnWorking = beginNextOn(options.connection);
  }

  aheadOf(ticket: JobJson): Ahead | undefined {
    return this.#ahead.get(ticket);
  }

  override async waitForJob(seconds: number): ReturnType<RedisQueueBackend['waitForJob']> {
    this.#answer = undefined;
    const word = super.waitForJob(seconds);
    // What fails is asked for again in the usual way, which tells of it.
    const [came, answer] = await Promise.all([word, this.#takeNext().catch(() => undefined)]);
    const hasTicket = Boolean(answer?.[0]);
    // At a word of a ticket that is due later the worker does not ask.
    if (hasTicket || !came || came.score <= 0) this.#answer = answer;
    return hasTicket ? { member: '0', score: 0 } : came;
  }

  override async moveToActive(token: string, name?: string): Promise<Answer> {
    const answer = this.#answer;
    this.#answer = undefined;
    return answer ?? super.moveToActive(token, name);
  }

  override async moveToCompleted(
    ...args: Parameters<RedisQueueBackend['moveToCompleted']>
  ): ReturnType<RedisQueueBackend['moveToCompleted']> {
    const [, , , token, takesNext] = args;
    const completing = super.moveToCompleted(...args);
    if (!takesNext || !this.#beginOnWorking) return completing;
    await this.client;
    const begun = this.#beginOnWorking(token).catch(() => undefined);
    const completed = await completing;
    this.#keep(completed.result?.[0], { token, begun });
    return completed;
  }

  /**
   * Each command first waits for the same promise, as the wait does, and what completes a ticket: so they are written in
   * this order, behind it.
   */
  async #takeNext(): Promise<Answer> {
    const token = randomUUID();
    await this.blockingClient;
    const taking = this.#taker.moveToActive(token);
    await this.blockingClient;
    const begun = this.#beginOnWaiting(token).catch(() => undefined);
    const answer = await taking;
    this.#keep(answer[0], { token, begun });
    return answer;
  }

  #keep(ticket: JobJson | undefined, ahead: Ahead): void {
    if (ticket) this.#ahead.set(ticket, ahead);
  }
}
