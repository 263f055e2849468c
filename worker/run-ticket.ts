import type { NextJob } from '../shared/job-store.ts';
import type { Logger } from '../shared/logger.ts';
import { isRedisUnavailable } from '../shared/redis.ts';
import { onceRedisCan } from './once-redis-can.ts';
import { NoFreeChild } from './pool/waiting-images.ts';

export interface Attempt {
  isLastAttempt: boolean;
  isOfBatch: boolean;
  /** One of its jobs, where that was begun with the ticket. */
  begun?: NextJob | undefined;
  /** Aborts when the job goes back to the queue, and nobody waits for the attempt any more. */
  signal?: AbortSignal | undefined;
}

export interface TicketDeps {
  /** Runs one job; throws where it is to be tried again, NoFreeChild where another worker is to have it. */
  run: (id: string, attempt: Attempt) => Promise<void>;
  /** Called for a job that waits again after an attempt that came to nothing, or before it was tried. */
  release: (id: string, wasTried: boolean) => Promise<void>;
  /** Gives a rider a ticket of its own. */
  dropRider: (id: string) => Promise<void>;
  log: Logger;
}

/** `waits`: it is to go back to the queue at once. `lost`: Redis cannot, so its lock runs out, and another worker has it. */
export type TicketEnd = 'done' | 'waits' | 'lost';

/**
 * Runs the jobs of a ticket, its own and its riders, side by side. What happens to one is no matter of the others, but a
 * ticket comes again where one of them is not done, and those that are done are passed over then. A rider for which no
 * child is free goes its own way, since one of the others may hang.
 * Throws what a job threw, where the ticket is to be tried again later.
 */
export async function runTicket(
  ids: string[],
  attempt: Attempt,
  { run, release, dropRider, log }: TicketDeps,
): Promise<TicketEnd> {
  const { signal } = attempt;
  const stopped = new Promise<'stopped'>((resolve) => {
    signal?.addEventListener('abort', () => resolve('stopped'), { once: true });
  });

  const tryJob = async (id: string): Promise<TicketEnd> => {
    let wasTried = true;
    try {
      const running = run(id, attempt).then(() => 'done' as const);
      // Where the stop wins, what becomes of the attempt is nobody's business any more.
      running.catch(() => undefined);
      if ((await Promise.race([running, stopped])) === 'done') return 'done';
    } catch (error) {
      if (isRedisUnavailable(error)) return 'lost';
      if (!(error instanceof NoFreeChild)) {
        await onceRedisCan(() => release(id, true), signal);
        throw error;
      }
      wasTried = false;
    }
    try {
      await release(id, wasTried);
      if (wasTried || id === ids[0]) return 'waits';
      await dropRider(id);
      return 'done';
    } catch (error) {
      log.warn({ err: error, job: id }, 'a job was not given back');
      return 'lost';
    }
  };

  const ends = await Promise.allSettled(ids.map(tryJob));
  const hows = ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
  return (['lost', 'waits'] as const).find((how) => hows.includes(how)) ?? 'done';
}
