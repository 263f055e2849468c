import type { Redis } from 'ioredis';
import type { JobQueue } from '../shared/queue.ts';

export interface QueueUpkeep {
  /** Mends what a fault has left in the queue; does nothing where all is well. */
  tend(): Promise<void>;
}

/** Longest life of a lock, and of the note that stalled jobs were looked for lately: that of `job-consumer.ts`. */
const LONGEST_LOCK_MS = 6_000;

/**
 * A job that got no ticket is one whose API died, or whose answer from Redis was lost, between the two steps of a
 * submission; or Redis lost the end of its AOF with the ticket. Every submission stands in `darkroom:entering` until it
 * is looked at here ten seconds later.
 *
 * Where Redis' clock was set back, locks from before would hold a dead worker's jobs for as long, and nobody would look.
 */
const TEND_LUA = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local function shorten(key)
    if redis.call('PTTL', key) > ${LONGEST_LOCK_MS} then redis.call('PEXPIRE', key, ${LONGEST_LOCK_MS}) end
  end
  shorten('bull:jobs:stalled-check')
  for _, id in ipairs(redis.call('LRANGE', 'bull:jobs:active', 0, -1)) do shorten('bull:jobs:' .. id .. ':lock') end
  local strays = {}
  local function look(from, to)
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', 'darkroom:entering', from, to, 'LIMIT', 0, 1000)) do
      local status = redis.call('EXISTS', 'bull:jobs:' .. id) == 0 and redis.call('HGET', 'darkroom:job:' .. id, 'status')
      if status == 'queued' or status == 'processing' then
        strays[#strays + 1] = id
      else
        redis.call('ZREM', 'darkroom:entering', id)
      end
    end
  end
  look('-inf', now - 10000)
  look(now + 10000, '+inf')
  return strays`;

/** What BullMQ does not mend by itself; every worker looks each second. */
export function createQueueUpkeep(redis: Redis, queue: Pick<JobQueue, 'add'>): QueueUpkeep {
  redis.defineCommand('tendQueue', { numberOfKeys: 0, lua: TEND_LUA });
  const { tendQueue } = redis as unknown as { tendQueue(): Promise<string[]> };
  return {
    async tend() {
      for (const id of await tendQueue.call(redis)) await queue.add(id);
    },
  };
}
