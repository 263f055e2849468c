import type { Redis } from 'ioredis';
import { defineBatchScripts } from './batch-scripts.ts';
import type { JobQueue } from './queue.ts';

export interface BatchFeed {
  /** Fills the queue up from the batches that wait; does nothing where it is full enough. */
  feed(): Promise<void>;
  /**
   * Jobs of the same batch that a ticket takes along, at most so many: they are noted in the ticket, and go where it goes.
   * The same ones where it has some already. None while single jobs or another key's batch wait, and fewer the fewer
   * are left, so that all workers end at about the same time. None either for who does not hold the ticket's lock any
   * more, with this token: the ticket may go before those are done.
   */
  takeRiders(ticket: string, token: string, most: number): Promise<string[]>;
  /** Gives a rider a ticket of its own, so that it waits no longer for those with which it went. */
  dropRider(ticket: string, rider: string): Promise<void>;
}

/**
 * Batches wait in lists of their own, one for each, and a short piece of them stands in the queue, behind every
 * single job: a turn for each key that has a batch, and of a key the oldest batch first. So a batch of 50,000 makes
 * nobody's single picture wait, and two keys' batches advance side by side. Whoever takes tickets out of the lists and
 * dies before they stand in the queue leaves them noted, and they are taken again after ten seconds.
 */
export function createBatchFeed(redis: Redis, queue: Pick<JobQueue, 'addOfBatch'>): BatchFeed {
  const scripts = defineBatchScripts(redis);
  let feeding: Promise<void> | undefined;

  const run = async () => {
    const ids = await scripts.takeFromFeed();
    if (ids.length === 0) return;
    await queue.addOfBatch(ids);
    await redis.zrem('darkroom:fed', ...ids);
  };

  return {
    feed() {
      feeding ??= run().finally(() => {
        feeding = undefined;
      });
      return feeding;
    },
    takeRiders: (...args) => scripts.takeRiders(...args),
    async dropRider(ticket, rider) {
      // In this order no death in between loses it: it has two tickets then, and is final once all the same.
      await queue.addOfBatch([rider]);
      await scripts.dropRider(ticket, rider);
    },
  };
}
