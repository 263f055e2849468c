import type { Redis } from 'ioredis';
import { COUNT_USAGE_LUA } from './usage-store.ts';

/** Channel on which the id of every job and batch is published at the moment it becomes final. */
export const FINAL_CHANNEL = 'darkroom:final';

export const jobKey = (id: string) => `darkroom:job:${id}`;
export const imageKey = (id: string) => `darkroom:image:${id}`;
export const batchKey = (id: string) => `darkroom:batch:${id}`;

/**
 * The one place where a job's state changes. `setStatus` keeps the counts of the job's batch, and `makeFinal`, by which
 * every job ends, counts its usage on the day on which it was submitted: so counts always sum, and a job that runs
 * twice counts once. `darkroom:stored` counts images and bytes in the image store by the hour in which they expire, so
 * that what expires without an end is not counted for ever. The image of a job that failed for no fault of its own is
 * kept until then, for a retry.
 *
 * Of the batches four tickets for each running job stand in BullMQ's queue, at least 16, and it is filled up again at
 * half of that: enough that no worker waits for one, and few, since a second key's batch begins behind them. Those that
 * were taken out in the last second, and may not stand there yet, count too; older ones may be a dead process's.
 *
 * Lists are sorted by their ids, which begin with the time, and every entry that comes looks whether the two oldest
 * have expired.
 *
 * The scripts find the keys of batches, usage and the store themselves, which Redis Cluster would not allow.
 */
const STATE_LUA = `${COUNT_USAGE_LUA}
  local function isFinal(status)
    return status == 'succeeded' or status == 'failed' or status == 'canceled'
  end
  local function now()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
  end
  local function countStored(expiryHour, images, bytes)
    redis.call('HINCRBY', 'darkroom:stored', 'images:' .. expiryHour, images)
    redis.call('HINCRBY', 'darkroom:stored', 'bytes:' .. expiryHour, bytes)
  end
  local function dropImage(id)
    if redis.call('DEL', 'darkroom:image:' .. id) == 0 then return end
    local stored = redis.call('HMGET', 'darkroom:job:' .. id, 'expiry_hour', 'bytes')
    countStored(stored[1], -1, -stored[2])
  end
  local function endBatchIfDone(id)
    local key = 'darkroom:batch:' .. id
    local batch = redis.call('HMGET', key, 'status', 'queued', 'processing', 'finished_at')
    if batch[1] == 'receiving' or batch[2] ~= '0' or batch[3] ~= '0' or batch[4] then return end
    redis.call('HSET', key, 'finished_at', now())
    if batch[1] == 'processing' then redis.call('HSET', key, 'status', 'completed') end
    redis.call('PUBLISH', '${FINAL_CHANNEL}', id)
  end
  local function setStatus(id, status)
    local key = 'darkroom:job:' .. id
    local job = redis.call('HMGET', key, 'status', 'batch')
    redis.call('HSET', key, 'status', status)
    if not job[2] then return end
    local batch = 'darkroom:batch:' .. job[2]
    if redis.call('EXISTS', batch) == 0 then return end
    redis.call('HINCRBY', batch, job[1], -1)
    redis.call('HINCRBY', batch, status, 1)
    if isFinal(status) then endBatchIfDone(job[2]) end
  end
  local function makeFinal(id, status, result)
    local key = 'darkroom:job:' .. id
    local decoded = cjson.decode(result)
    redis.call('HSET', key, 'result', result)
    if decoded.outcome.code ~= 'internal' then dropImage(id) end
    setStatus(id, status)
    local job = redis.call('HMGET', key, 'owner', 'day', 'created_at')
    countUsage(job[1], job[2], status, 1)
    if status ~= 'canceled' then
      countUsage(job[1], job[2], 'ms', math.max(0, decoded.finishedAt - job[3]))
    end
    if status == 'failed' then countUsage(job[1], job[2], 'error:' .. decoded.outcome.code, 1) end
    redis.call('PUBLISH', '${FINAL_CHANNEL}', id)
  end
  local function addToList(list, prefix, id, ttl)
    redis.call('ZADD', list, 0, id)
    redis.call('EXPIRE', list, ttl)
    for _, oldest in ipairs(redis.call('ZRANGE', list, 0, 1)) do
      if redis.call('EXISTS', prefix .. oldest) == 0 then redis.call('ZREM', list, oldest) end
    end
  end
  local function storeJob(id, owner, spec, createdAt, day, ttl)
    local key = 'darkroom:job:' .. id
    redis.call('HSET', key, 'status', 'queued', 'owner', owner, 'spec', spec, 'created_at', createdAt, 'day', day)
    redis.call('EXPIRE', key, ttl)
    countUsage(owner, day, 'requests', 1)
  end
  local function storeImage(id, owner, day, ttl, image)
    local expiryHour = math.floor((now() / 1000 + ttl) / 3600)
    redis.call('SET', 'darkroom:image:' .. id, image, 'EX', ttl)
    redis.call('HSET', 'darkroom:job:' .. id, 'expiry_hour', expiryHour, 'bytes', #image)
    countStored(expiryHour, 1, #image)
    countUsage(owner, day, 'images', 1)
  end
  local function joinBatch(id, batch, row, status)
    local key = 'darkroom:batch:' .. batch
    redis.call('HSET', 'darkroom:job:' .. id, 'batch', batch)
    redis.call('RPUSH', key .. ':rows', row)
    redis.call('HSET', key, 'touched_at', now())
    redis.call('HINCRBY', key, 'total', 1)
    redis.call('HINCRBY', key, status, 1)
  end
  local function feedTarget()
    return math.max(16, 4 * redis.call('LLEN', 'bull:jobs:active'))
  end
  local function ticketsOfBatches()
    return redis.call('ZCARD', 'bull:jobs:prioritized') + redis.call('ZCOUNT', 'darkroom:fed', now() - 1000, '+inf')
  end
  local function feedIsLow()
    return redis.call('EXISTS', 'darkroom:feed') == 1 and ticketsOfBatches() < feedTarget() / 2
  end`;

const scripts = {
  submitJob: `
    local id, owner, spec, createdAt, day, ttl, image = unpack(ARGV)
    storeJob(id, owner, spec, createdAt, day, ttl)
    storeImage(id, owner, day, ttl, image)
    addToList('darkroom:jobs:' .. owner, 'darkroom:job:', id, ttl)`,
  withdrawJob: `
    local id = ARGV[1]
    local job = redis.call('HMGET', 'darkroom:job:' .. id, 'status', 'owner', 'day')
    if job[1] ~= 'queued' then return 0 end
    dropImage(id)
    redis.call('DEL', 'darkroom:job:' .. id)
    redis.call('ZREM', 'darkroom:jobs:' .. job[2], id)
    countUsage(job[2], job[3], 'requests', -1)
    countUsage(job[2], job[3], 'images', -1)
    return 1`,
  beginJob: `
    local id, worker, startedAt = unpack(ARGV)
    local key = 'darkroom:job:' .. id
    local job = redis.call('HMGET', key, 'status', 'spec', 'cancel_requested', 'batch')
    if not job[1] then return {'gone'} end
    if isFinal(job[1]) then return {'final'} end
    local batch = job[4] and redis.call('HGET', 'darkroom:batch:' .. job[4], 'status')
    if job[3] or batch == 'canceled' then return {'cancellation_requested'} end
    setStatus(id, 'processing')
    redis.call('HSET', key, 'worker', worker, 'started_at', startedAt)
    redis.call('HINCRBY', key, 'attempts', 1)
    if batch then redis.call('HSETNX', 'darkroom:batch:' .. job[4], 'started_at', startedAt) end
    return {'begun', job[2], redis.call('GET', 'darkroom:image:' .. id)}`,
  releaseJob: `
    if redis.call('HGET', 'darkroom:job:' .. ARGV[1], 'status') == 'processing' then setStatus(ARGV[1], 'queued') end`,
  finishJob: `
    local id, status, result = unpack(ARGV)
    local current = redis.call('HGET', 'darkroom:job:' .. id, 'status')
    local changed = current and not isFinal(current)
    if changed then makeFinal(id, status, result) end
    return {changed and 1 or 0, feedIsLow() and 1 or 0}`,
  cancelJob: `
    local id, owner, result = unpack(ARGV)
    local key = 'darkroom:job:' .. id
    local job = redis.call('HMGET', key, 'status', 'owner')
    if not job[1] or job[2] ~= owner then return 'unknown' end
    if isFinal(job[1]) then return 'already_finished' end
    if job[1] == 'processing' then
      redis.call('HSET', key, 'cancel_requested', '1')
      return 'cancellation_requested'
    end
    makeFinal(id, 'canceled', result)
    return 'canceled'`,
  eraseJobs: `
    for _, id in ipairs(ARGV) do
      dropImage(id)
      redis.call('DEL', 'darkroom:job:' .. id)
    end`,

  openBatch: `
    local id, owner, spec, createdAt, ttl = unpack(ARGV)
    local key = 'darkroom:batch:' .. id
    redis.call('HSET', key, 'status', 'receiving', 'owner', owner, 'spec', spec, 'created_at', createdAt, 'touched_at', createdAt,
      'total', 0, 'queued', 0, 'processing', 0, 'succeeded', 0, 'failed', 0, 'canceled', 0)
    redis.call('EXPIRE', key, ttl)
    addToList('darkroom:batches:' .. owner, 'darkroom:batch:', id, ttl)
    countUsage(owner, ARGV[6], 'batches', 1)`,
  addItem: `
    local id, owner, spec, createdAt, day, ttl, batch, row, image = unpack(ARGV)
    local key = 'darkroom:batch:' .. batch
    if redis.call('HGET', key, 'status') ~= 'receiving' then return {0, 0} end
    storeJob(id, owner, spec, createdAt, day, ttl)
    storeImage(id, owner, day, ttl, image)
    joinBatch(id, batch, row, 'queued')
    redis.call('RPUSH', key .. ':pending', id)
    redis.call('EXPIRE', key .. ':rows', ttl)
    redis.call('EXPIRE', key .. ':pending', ttl)
    redis.call('ZADD', 'darkroom:feed:' .. owner, redis.call('HGET', key, 'created_at'), batch)
    redis.call('EXPIRE', 'darkroom:feed:' .. owner, ttl)
    redis.call('ZADD', 'darkroom:feed', 'NX', now(), owner)
    return {1, feedIsLow() and 1 or 0}`,
  addFailedItem: `
    local id, owner, spec, createdAt, day, ttl, batch, row, result = unpack(ARGV)
    if redis.call('HGET', 'darkroom:batch:' .. batch, 'status') ~= 'receiving' then return 0 end
    storeJob(id, owner, spec, createdAt, day, ttl)
    joinBatch(id, batch, row, 'queued')
    redis.call('HINCRBY', 'darkroom:batch:' .. batch, 'refused', 1)
    redis.call('EXPIRE', 'darkroom:batch:' .. batch .. ':rows', ttl)
    makeFinal(id, 'failed', result)
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
    local result = ARGV[1]
    for index = 2, #ARGV do
      local key = 'darkroom:job:' .. ARGV[index]
      local status = redis.call('HGET', key, 'status')
      if status == 'queued' then makeFinal(ARGV[index], 'canceled', result) end
      if status == 'processing' then redis.call('HSET', key, 'cancel_requested', '1') end
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
  submitJob(
    id: string,
    owner: string,
    spec: string,
    createdAt: number,
    day: string,
    ttl: number,
    image: Buffer,
  ): Promise<null>;
  withdrawJob(id: string): Promise<0 | 1>;
  /** `begun` with spec and image, or one word for why there is nothing to do. */
  beginJobBuffer(id: string, worker: string, startedAt: number): Promise<(Buffer | null)[]>;
  releaseJob(id: string): Promise<null>;
  /** Whether it changed anything, and whether the queue wants more of the batches. */
  finishJob(id: string, status: string, result: string): Promise<[0 | 1, 0 | 1]>;
  cancelJob(
    id: string,
    owner: string,
    result: string,
  ): Promise<'canceled' | 'cancellation_requested' | 'already_finished' | 'unknown'>;
  eraseJobs(...ids: string[]): Promise<null>;
  openBatch(
    id: string,
    owner: string,
    spec: string,
    createdAt: number,
    ttl: number,
    day: string,
  ): Promise<null>;
  /** Whether the batch still takes items, and whether the queue wants more of the batches. */
  addItem(
    id: string,
    owner: string,
    spec: string,
    createdAt: number,
    day: string,
    ttl: number,
    batch: string,
    row: string,
    image: Buffer,
  ): Promise<[0 | 1, 0 | 1]>;
  addFailedItem(
    id: string,
    owner: string,
    spec: string,
    createdAt: number,
    day: string,
    ttl: number,
    batch: string,
    row: string,
    result: string,
  ): Promise<0 | 1>;
  /** Whether the batch still takes items. */
  touchBatch(id: string): Promise<0 | 1>;
  closeBatch(id: string, error: string): Promise<0 | 1>;
  cancelBatch(id: string, owner: string): Promise<'canceled' | 'already_finished' | 'unknown'>;
  cancelItems(result: string, ...ids: string[]): Promise<null>;
  takeFromFeed(): Promise<string[]>;
};

/** Defines the scripts on a connection and gives them types, which ioredis does not. */
export function defineJobScripts(redis: Redis): Scripts {
  for (const [name, lua] of Object.entries(scripts)) {
    redis.defineCommand(name, { numberOfKeys: 0, lua: `${STATE_LUA}\n${lua}` });
  }
  return redis as unknown as Scripts;
}
