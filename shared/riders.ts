import type { Redis } from 'ioredis';
import type { JobQueue } from './queue.ts';

/** Lua function `ridersOf(id)`: the jobs that go with a ticket of BullMQ's, which are its data. */
export const RIDERS_OF_LUA = `
  local function ridersOf(id)
    local data = redis.call('HGET', 'bull:jobs:' .. id, 'data')
    return data and data ~= 'null' and cjson.decode(data) or {}
  end`;

const TAKE_LUA = `${RIDERS_OF_LUA}
  local id, token, most = unpack(ARGV)
  local ticket = 'bull:jobs:' .. id
  if redis.call('GET', ticket .. ':lock') ~= token or redis.call('EXISTS', ticket) == 0 then return {} end
  local riders = ridersOf(id)
  if #riders > 0 then return riders end
  local batch = redis.call('HGET', 'darkroom:job:' .. id, 'batch')
  if not batch then return {} end
  if redis.call('ZCARD', 'darkroom:feed') > 1 or redis.call('LLEN', 'bull:jobs:wait') > 0 then return {} end
  local pending = 'darkroom:batch:' .. batch .. ':pending'
  local share = math.floor(redis.call('LLEN', pending) / math.max(4, redis.call('LLEN', 'bull:jobs:active')))
  riders = redis.call('LPOP', pending, math.min(tonumber(most), share)) or {}
  if #riders > 0 then redis.call('HSET', ticket, 'data', cjson.encode(riders)) end
  return riders`;

const DROP_LUA = `${RIDERS_OF_LUA}
  local id, rider = unpack(ARGV)
  if redis.call('EXISTS', 'bull:jobs:' .. id) == 0 then return end
  local left = {}
  for _, other in ipairs(ridersOf(id)) do
    if other ~= rider then left[#left + 1] = other end
  end
  redis.call('HSET', 'bull:jobs:' .. id, 'data', #left > 0 and cjson.encode(left) or 'null')`;

export interface Riders {
  /**
   * Jobs of the same batch that a ticket takes along, at most so many: they are noted in the ticket, and go where it goes.
   * The same ones where it has some already. None while single jobs or another key's batch wait, and fewer the fewer
   * are left, so that all workers end at about the same time. None either for who does not hold the ticket's lock any
   * more, with this token: the ticket may go before those are done.
   */
  take(ticket: string, token: string, most: number): Promise<string[]>;
  /** Gives a rider a ticket of its own, so that it waits no longer for those with which it went. */
  drop(ticket: string, rider: string): Promise<void>;
}

/** Jobs of batches that have no ticket of their own: see DESIGN.md, Riders. */
export function createRiders(redis: Redis, queue: Pick<JobQueue, 'addOfBatch'>): Riders {
  redis.defineCommand('takeRiders', { numberOfKeys: 0, lua: TAKE_LUA });
  redis.defineCommand('dropRider', { numberOfKeys: 0, lua: DROP_LUA });
  const scripts = redis as unknown as {
    takeRiders(ticket: string, token: string, most: number): Promise<string[]>;
    dropRider(ticket: string, rider: string): Promise<null>;
  };
  return {
    take: (...args) => scripts.takeRiders(...args),
    async drop(ticket, rider) {
      // In this order no death in between loses it: it has two tickets then, and is final once all the same.
      await queue.addOfBatch([rider]);
      await scripts.dropRider(ticket, rider);
    },
  };
}
