import type { Writable } from 'node:stream';
import type { Redis } from 'ioredis';
import { PublicError } from '../shared/errors.ts';
import { FINAL_CHANNEL, idOfWord, recordOfWord } from '../shared/final-word.ts';
import type { JobRecord } from '../shared/job-record.ts';

/** Waits that a key may have open at once, at each API process: what 1,000 patient clients need. */
const WAITS_PER_OWNER = 1_000;
/** Jobs of which it is remembered that no word has come: some 2 MB. */
const MAX_UNHEARD = 10_000;

export type JobWaits = ReturnType<typeof createJobWaits>;

/**
 * Waits for jobs to become final, woken by what the store publishes, on one connection of its own for all of them.
 * The word brings the job's record. After a lost connection every waiter is woken once without a word, since one may
 * have been missed, and reads.
 *
 * A job that was submitted here, and of which no word has come since, is not final: a wait for it begins without
 * reading it.
 */
export function createJobWaits(subscriber: Redis, waitsPerOwner = WAITS_PER_OWNER) {
  const waiters = new Map<string, Set<(record?: JobRecord) => void>>();
  const openByOwner = new Map<string, number>();
  /** The owners of such jobs, the oldest first. */
  const unheard = new Map<string, string>();
  let isListening = false;
  let closed = false;

  const wakeAll = () => {
    for (const resolve of [...waiters.values()].flatMap((each) => [...each])) resolve();
  };
  subscriber.on('message', (_channel, word) => {
    const id = idOfWord(word);
    unheard.delete(id);
    const waiting = waiters.get(id);
    if (!waiting) return;
    const record = recordOfWord(word);
    for (const resolve of waiting) resolve(record);
  });
  // Only from the answer on is every word heard, so the jobs are read after it. It fails where the connection is lost
  // again, and then 'ready' comes again.
  const listen = () =>
    subscriber.subscribe(FINAL_CHANNEL).then(
      () => {
        isListening = true;
        wakeAll();
      },
      () => undefined,
    );
  subscriber.on('ready', listen);
  subscriber.on('close', () => {
    isListening = false;
    unheard.clear();
  });
  listen();

  /**
   * Resolves at the job's next wake-up, with the record where a word brought it, or when the caller hangs up. Call before
   * reading the job.
   */
  const nextWake = (
    id: string,
    answer: Writable,
  ): { woken: Promise<JobRecord | undefined>; cancel: () => void } => {
    let cancel = (): void => undefined;
    const woken = new Promise<JobRecord | undefined>((resolve) => {
      const done = (record?: JobRecord) => {
        answer.off('close', cancel);
        const others = waiters.get(id);
        others?.delete(done);
        if (others?.size === 0) waiters.delete(id);
        resolve(record);
      };
      cancel = () => done();
      answer.once('close', cancel);
      waiters.set(id, (waiters.get(id) ?? new Set()).add(done));
    });
    return { woken, cancel };
  };

  const readUntilWoken = async <T>(
    id: string,
    read: (heard?: JobRecord) => Promise<T>,
    isDone: (value: T) => boolean,
    { owner, ms, answer }: { owner: string; ms: number; answer: Writable },
  ): Promise<T> => {
    let isLate = false;
    const isOver = () => isLate || closed || answer.destroyed;
    let wait = nextWake(id, answer);
    const timer = setTimeout(() => {
      isLate = true;
      wait.cancel();
    }, ms);
    try {
      let heard: JobRecord | undefined;
      for (let isRead = unheard.get(id) !== owner; ; isRead = true) {
        if (isRead || isOver()) {
          const value = await read(heard);
          if (isDone(value) || isOver()) return value;
        }
        heard = await wait.woken;
        wait = nextWake(id, answer);
      }
    } finally {
      clearTimeout(timer);
      wait.cancel();
    }
  };

  return {
    /** Throws `rate_limited` where an owner has as many waits open as it may. */
    requireRoom(owner: string): void {
      if ((openByOwner.get(owner) ?? 0) < waitsPerOwner) return;
      throw new PublicError(
        'rate_limited',
        `Expected at most ${waitsPerOwner} open waits of a key. Poll without a wait, or submit a batch.`,
        { headers: { 'Retry-After': '1' } },
      );
    },

    /**
     * Reads until `isDone`, or for `ms` milliseconds, or until the caller hangs up, which closes the `answer`, or the API
     * stops; and returns what was read last. `read` is given the record of a job that was heard of.
     */
    async readUntil<T>(
      id: string,
      read: (heard?: JobRecord) => Promise<T>,
      isDone: (value: T) => boolean,
      until: { owner: string; ms: number; answer: Writable },
    ): Promise<T> {
      const { owner } = until;
      openByOwner.set(owner, (openByOwner.get(owner) ?? 0) + 1);
      try {
        return await readUntilWoken(id, read, isDone, until);
      } finally {
        const left = (openByOwner.get(owner) ?? 0) - 1;
        if (left > 0) openByOwner.set(owner, left);
        else openByOwner.delete(owner);
      }
    },

    /** Says that a job is about to be submitted here. Call before it is, since it may be final before that is answered. */
    expectWord(id: string, owner: string): void {
      if (!isListening) return;
      unheard.set(id, owner);
      if (unheard.size <= MAX_UNHEARD) return;
      const [oldest = ''] = unheard.keys();
      unheard.delete(oldest);
    },

    /** Says that it was not, or that this is not known. */
    expectNone(id: string): void {
      unheard.delete(id);
    },

    /** How many waits are open. */
    open(): number {
      return [...openByOwner.values()].reduce((sum, count) => sum + count, 0);
    },

    /** Lets every open wait answer with the job as it stands. */
    close(): void {
      closed = true;
      wakeAll();
    },
  };
}
