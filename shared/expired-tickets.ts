import type { Redis } from 'ioredis';
import { QUEUE_NAME } from './queue.ts';
import { RIDERS_OF_LUA } from './riders.ts';

/** Tickets that one command looks at: what Redis does in some milliseconds. */
const CHUNK = 1_000;

/**
 * Only the ends of the lists are looked at, where the oldest stand, so a long queue costs no more than a short one.
 * A ticket comes after its job's record, so one without a record is one whose job has expired or was erased; its riders
 * may be there still.
 */
const DROP_LUA = `${RIDERS_OF_LUA}
  local queue = 'bull:${QUEUE_NAME}:'
  local dropped = 0
  local function isExpired(id)
    if redis.call('EXISTS', 'darkroom:job:' .. id, queue .. id .. ':lock') > 0 then return false end
    for _, rider in ipairs(ridersOf(id)) do
      if redis.call('EXISTS', 'darkroom:job:' .. rider) == 1 then return false end
    end
    return true
  end
  local function drop(id)
    redis.call('DEL', queue .. id)
    redis.call('SREM', queue .. 'stalled', id)
    dropped = dropped + 1
  end
  local function dropOldest(peek, remove)
    local id = peek()
    while id and dropped < ${CHUNK} and isExpired(id) do
      remove(id)
      drop(id)
      id = peek()
    end
  end
  dropOldest(
    function() return redis.call('LINDEX', queue .. 'wait', -1) end,
    function() redis.call('RPOP', queue .. 'wait') end)
  dropOldest(
    function() return redis.call('ZRANGE', queue .. 'prioritized', 0, 0)[1] end,
    function(id) redis.call('ZREM', queue .. 'prioritized', id) end)
  for _, id in ipairs(redis.call('ZRANGE', queue .. 'delayed', 0, ${CHUNK} - 1)) do
    if isExpired(id) then redis.call('ZREM', queue .. 'delayed', id) drop(id) end
  end
  for _, id in ipairs(redis.call('LRANGE', queue .. 'active', -${CHUNK}, -1)) do
    if isExpired(id) then redis.call('LREM', queue .. 'active', -1, id) drop(id) end
  end
  -- BullMQ's events name jobs, and nobody here reads them.
  redis.call('XTRIM', queue .. 'events', 'MAXLEN', 0)
  return dropped`;

/**
 * Takes the tickets of expired jobs out of the queue, and what BullMQ says of those that are done, so that nothing of a job is left where no worker comes for it.
 * A worker that does come passes such a ticket over.
 */
export async function dropExpiredTickets(redis: Redis): Promise<void> {
  while (Number(await redis.eval(DROP_LUA, 0)) >= CHUNK);
}
