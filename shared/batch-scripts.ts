import type { Redis } from 'ioredis';
import type { Fields, NewJob } from './job-scripts.ts';
import { JOB_STATE_LUA } from './job-state-lua.ts';

export const batchKey = (id: string) => `darkroom:batch:${id}`;

const scripts = {
  openBatch: `
    local id, owner, spec, createdAt, ttl = unpack(ARGV)
    local key = 'darkroom:batch:' .. id
    redis.call('HSET', key, 'status', 'receiving', 'owner', owner, 'spec', spec, 'created_at', createdAt, 'touched_at', createdAt,
      'total', 0, 'queued', 0, 'processing', 0, 'succeeded', 0, 'failed', 0, 'canceled', 0)
    redis.call('EXPIRE', key, ttl)
    addToList('darkroom:batches:' .. owner, id, createdAt, ttl)
    countUsage(owner, ARGV[6], 'batches', 1)`,
  addItems: `
    local batch, owner, day, createdAt, ttl, size = unpack(ARGV, 1, 6)
    local ids, rows = {}, {}
    for at = 7, #ARGV, size do
      ids[#ids + 1] = ARGV[at]
      rows[#rows + 1] = ARGV[at] .. ' ' .. ARGV[at + 1]
    end
    local key = 'darkroom:batch:' .. batch
    local fields = redis.call('HMGET', key, 'status', 'created_at')
    if fields[1] ~= 'receiving' then
      for _, id in ipairs(ids) do redis.call('DEL', 'darkroom:image:' .. id) end
      return {0, 0}
    end
    local countedUntil = countImages(ids, createdAt, ttl)
    for index, id in ipairs(ids) do
      local at = 7 + (index - 1) * size
      storeJob(id, owner, day, ttl, 'batch', batch, 'counted_until', countedUntil, unpack(ARGV, at + 2, at + size - 1))
    end
    countUsage(owner, day, 'requests', #ids, 'images', #ids)
    joinBatch(batch, rows, ttl)
    redis.call('RPUSH', key .. ':pending', unpack(ids))
    redis.call('EXPIRE', key .. ':pending', ttl)
    redis.call('ZADD', 'darkroom:feed:' .. owner, fields[2], batch)
    redis.call('EXPIRE', 'darkroom:feed:' .. owner, ttl)
    redis.call('ZADD', 'darkroom:feed', 'NX', now(), owner)
    return {1, feedIsLow() and 1 or 0}`,
  addFailedItem: `
    local id, owner, day, createdAt, ttl, batch, row, code, finishedAt = unpack(ARGV, 1, 9)
    if redis.call('HGET', 'darkroom:batch:' .. batch, 'status') ~= 'receiving' then return 0 end
    storeJob(id, owner, day, ttl, 'batch', batch, unpack(ARGV, 10))
    countUsage(owner, day, 'requests', 1)
    joinBatch(batch, {row}, ttl)
    redis.call('HINCRBY', 'darkroom:batch:' .. batch, 'refused', 1)
    makeFinal(readJob(id), 'failed', code, finishedAt)
    return 1`,
  touchBatch: `
    local key = 'darkroom:batch:' .. ARGV[1]
    if redis.call('HGET', key, 'status') ~= 'receiving' then return 0 end
    redis.call('HSET', key, 'touched_at', now())
    return 1`,
  closeBatch: `
    local id, error = unpack(ARGV)
    local key = 'darkroom:batch:' .. id
    if redis.call('HGET', key, 'status') ~= 'receiving' then return 0 end
    redis.call('HSET', key, 'status', 'processing')
    if error ~= '' then redis.call('HSET', key, 'error', error) end
    endBatchIfDone(id)
    return 1`,
  cancelBatch: `
    local id, owner = unpack(ARGV)
    local key = 'darkroom:batch:' .. id
    local batch = redis.call('HMGET', key, 'status', 'owner', 'finished_at')
    if not batch[1] or batch[2] ~= owner then return 'unknown' end
    if batch[3] then return 'already_finished' end
    redis.call('HSET', key, 'status', 'canceled')
    redis.call('DEL', key .. ':pending')
    redis.call('ZREM', 'darkroom:feed:' .. owner, id)
    endBatchIfDone(id)
    return 'canceled'`,
  cancelItems: `
    for index = 3, #ARGV do
      local job = readJob(ARGV[index])
      if job and job.status == 'queued' then makeFinal(job, 'canceled', '', 0, ARGV[1], ARGV[2]) end
      if job and job.status == 'processing' then redis.call('HSET', job.key, 'cancel_requested', '1') end
    end`,
  takeFromFeed: `
    local room = feedTarget() - ticketsOfBatches()
    local time = now()
    local ids = redis.call('ZRANGEBYSCORE', 'darkroom:fed', '-inf', time - 10000, 'LIMIT', 0, 1000)
    local owner = redis.call('ZRANGE', 'darkroom:feed', 0, 0)[1]
    while owner and #ids < room do
      local batches = 'darkroom:feed:' .. owner
      local batch = redis.call('ZRANGE', batches, 0, 0)[1]
      local id = batch and redis.call('LPOP', 'darkroom:batch:' .. batch .. ':pending')
      if id then
        ids[#ids + 1] = id
        redis.call('ZADD', 'darkroom:feed', redis.call('ZRANGE', 'darkroom:feed', -1, -1, 'WITHSCORES')[2] + 1, owner)
      elseif batch then
        redis.call('ZREM', batches, batch)
      else
        redis.call('ZREM', 'darkroom:feed', owner)
      end
      owner = redis.call('ZRANGE', 'darkroom:feed', 0, 0)[1]
    end
    for _, id in ipairs(ids) do redis.call('ZADD', 'darkroom:fed', time, id) end
    return ids`,
};

type Scripts = {
  openBatch(
    id: string,
    owner: string,
    spec: string,
    createdAt: number,
    ttl: number,
    day: string,
  ): Promise<null>;
  /**
   * Whether the batch still takes items, and whether the queue wants more of the batches. Of each item so many arguments:
   * the job's id, the sender's, and the spec. All or none are added.
   */
  addItems(
    batch: string,
    owner: string,
    day: string,
    createdAt: number,
    ttl: number,
    argumentsOfOne: number,
    ...items: Fields
  ): Promise<[0 | 1, 0 | 1]>;
  addFailedItem(
    ...args: [
      ...NewJob,
      batch: string,
      row: string,
      code: string,
      finishedAt: number,
      ...fields: Fields,
    ]
  ): Promise<0 | 1>;
  /** Whether the batch still takes items. */
  touchBatch(id: string): Promise<0 | 1>;
  closeBatch(id: string, error: string): Promise<0 | 1>;
  cancelBatch(id: string, owner: string): Promise<'canceled' | 'already_finished' | 'unknown'>;
  /** The one field of the result, its value, then the jobs. */
  cancelItems(...args: Fields): Promise<null>;
  takeFromFeed(): Promise<string[]>;
};

/** Defines the scripts of batches on a connection and gives them types, which ioredis does not. */
export function defineBatchScripts(redis: Redis): Scripts {
  for (const [name, lua] of Object.entries(scripts)) {
    redis.defineCommand(name, { numberOfKeys: 0, lua: `${JOB_STATE_LUA}\n${lua}` });
  }
  return redis as unknown as Scripts;
}
