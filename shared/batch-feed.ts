import type { Redis } from 'ioredis';
import { defineBatchScripts } from './batch-scripts.ts';
import type { JobQueue } from './queue.ts';

export interface BatchFeed {
  /** Fills the queue up from the batches that wait; does nothing where it is full enough. */
  feed(): Promise<void>;
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
  };
}
