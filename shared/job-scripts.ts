import type { Redis } from 'ioredis';
import { REPLACE_CLAIM_LUA } from './claim-entry.ts';
import { JOB_STATE_LUA } from './job-state-lua.ts';

export const jobKey = (id: string) => `darkroom:job:${id}`;
export const imageKey = (id: string) => `darkroom:image:${id}`;
export const batchKey = (id: string) => `darkroom:batch:${id}`;

const scripts = {
  submitJob: `
    local id, owner, spec, createdAt, day, ttl, image = unpack(ARGV)
    storeJob(id, owner, spec, createdAt, day, ttl)
    storeImage(id, owner, day, ttl, image)
    addToList('darkroom:jobs:' .. owner, 'darkroom:job:', id, ttl)`,
  submitJobOnce: `${REPLACE_CLAIM_LUA}
    local key, held, value, seconds, id, owner, spec, createdAt, day, ttl, image = unpack(ARGV)
    if replaceClaim(key, held, value, seconds) == 0 then return 0 end
    storeJob(id, owner, spec, createdAt, day, ttl)
    storeImage(id, owner, day, ttl, image)
    addToList('darkroom:jobs:' .. owner, 'darkroom:job:', id, ttl)
    return 1`,
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
    joinBatch(id, batch, row, ttl)
    redis.call('RPUSH', key .. ':pending', id)
    redis.call('EXPIRE', key .. ':pending', ttl)
    redis.call('ZADD', 'darkroom:feed:' .. owner, redis.call('HGET', key, 'created_at'), batch)
    redis.call('EXPIRE', 'darkroom:feed:' .. owner, ttl)
    redis.call('ZADD', 'darkroom:feed', 'NX', now(), owner)
    return {1, feedIsLow() and 1 or 0}`,
  addFailedItem: `
    local id, owner, spec, createdAt, day, ttl, batch, row, result = unpack(ARGV)
    if redis.call('HGET', 'darkroom:batch:' .. batch, 'status') ~= 'receiving' then return 0 end
    storeJob(id, owner, spec, createdAt, day, ttl)
    joinBatch(id, batch, row, ttl)
    redis.call('HINCRBY', 'darkroom:batch:' .. batch, 'refused', 1)
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
  /** Whether the key of the claim was still the caller's to use. */
  submitJobOnce(
    key: string,
    held: string,
    value: string,
    seconds: number,
    id: string,
    owner: string,
    spec: string,
    createdAt: number,
    day: string,
    ttl: number,
    image: Buffer,
  ): Promise<0 | 1>;
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
    redis.defineCommand(name, { numberOfKeys: 0, lua: `${JOB_STATE_LUA}\n${lua}` });
  }
  return redis as unknown as Scripts;
}
