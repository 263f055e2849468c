import { randomUUID } from 'node:crypto';
import {
  type Job,
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
export type BeginNext = (token: string) => Promise<NextJob | undefined>;

export interface EagerOptions extends WorkerOptions {
  connection: Redis;
  /** Begins jobs on the connection by which the worker waits. */
  beginNextOn: (waiting: Redis) => BeginNext;
}

/**
 * BullMQ's worker, which asks three times where it is idle: it waits for the word that there is a ticket, takes one, and
 * begins its job. Here the commands that do the last two stand behind the wait already, on the same connection, and
 * Redis runs them the moment the wait ends. So a job that comes to an idle worker is there in one answer, with its image.
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

  protected override async moveToActive(token: string, name?: string) {
    const taken = this.backend.takeTaken();
    if (!taken) return super.moveToActive(token, name);
    const [data, id] = taken.ticket;
    const ticket = await this.nextJobFromJobData(data, id, taken.token);
    this.#begun.set(ticket, taken.begun);
    return ticket;
  }
}

interface Taken {
  /** As `moveToActive` of BullMQ's backend has it: the ticket's fields first, where there is one, and its id. */
  ticket: Awaited<ReturnType<RedisQueueBackend['moveToActive']>>;
  /** Under which it is locked. */
  token: string;
  begun: Promise<NextJob | undefined>;
}

class EagerBackend extends RedisQueueBackend {
  /** Takes tickets on the connection that waits for them. */
  readonly #taker: RedisQueueBackend;
  readonly #beginNext: BeginNext;
  #taken: Taken | undefined;

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
    this.#beginNext = beginNextOn(waiting);
  }

  /** The ticket that came with the end of the last wait, once. */
  takeTaken(): Taken | undefined {
    const taken = this.#taken;
    this.#taken = undefined;
    return taken;
  }

  override async waitForJob(seconds: number): ReturnType<RedisQueueBackend['waitForJob']> {
    const word = super.waitForJob(seconds);
    // What fails is asked for again in the usual way, which tells of it.
    const behind = this.#takeNext().catch(() => undefined);
    const [came, taken] = await Promise.all([word, behind]);
    if (!taken) return came;
    this.#taken = taken;
    return { member: '0', score: 0 };
  }

  /** Each command first waits for the same promise, as the wait does: so they are written in this order, behind it. */
  async #takeNext(): Promise<Taken | undefined> {
    const token = randomUUID();
    await this.blockingClient;
    const taking = this.#taker.moveToActive(token);
    await this.blockingClient;
    const begun = this.#beginNext(token).catch(() => undefined);
    const ticket = await taking;
    return ticket[0] ? { ticket, token, begun } : undefined;
  }
}
