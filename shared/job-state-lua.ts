import { COUNT_USAGE_LUA } from './usage-store.ts';

/** Channel on which the id of every job and batch is published at the moment it becomes final. */
export const FINAL_CHANNEL = 'darkroom:final';

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
export const JOB_STATE_LUA = `${COUNT_USAGE_LUA}
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
  local function joinBatch(id, batch, row, ttl)
    local key = 'darkroom:batch:' .. batch
    redis.call('HSET', 'darkroom:job:' .. id, 'batch', batch)
    redis.call('RPUSH', key .. ':rows', row)
    redis.call('EXPIRE', key .. ':rows', ttl)
    redis.call('HSET', key, 'touched_at', now())
    redis.call('HINCRBY', key, 'total', 1)
    redis.call('HINCRBY', key, 'queued', 1)
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
