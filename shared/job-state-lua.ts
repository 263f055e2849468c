import { FINAL_CHANNEL, SAY_FINAL_LUA } from './final-word.ts';
import { COUNT_USAGE_LUA } from './usage-store.ts';

/**
 * The one place where a job's state changes. `setStatus` keeps the counts of the job's batch, and `makeFinal`, by which
 * every job ends, counts its usage on the day on which it was submitted: so counts always sum, and a job that runs
 * twice counts once. `darkroom:stored` counts images and bytes in the image store by the second by which they have
 * expired, rounded up to a 24th of their time, so that what expires without an end is not counted for long.
 *
 * Of the batches four tickets for each running job stand in BullMQ's queue, at least 16, and it is filled up again at
 * half of that: enough that no worker waits for one, and few, since a second key's batch begins behind them. Those that
 * were taken out in the last second, and may not stand there yet, count too; older ones may be a dead process's.
 *
 * Lists are sorted by their ids, which begin with the time, and every entry that comes takes out those that have
 * expired.
 *
 * A script's first write is refused while Redis is out of memory, unless it can only free some, and those that follow
 * are not. `makeFinal` begins with one that frees: what is done becomes final, which makes room again.
 *
 * The scripts find the keys of batches, usage and the store themselves, which Redis Cluster would not allow.
 */
export const JOB_STATE_LUA = `${COUNT_USAGE_LUA} ${SAY_FINAL_LUA}
  local function isFinal(status)
    return status == 'succeeded' or status == 'failed' or status == 'canceled'
  end
  local function now()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
  end
  local function readJob(id)
    local key = 'darkroom:job:' .. id
    local fields = redis.call('HMGET', key,
      'status', 'owner', 'batch', 'day', 'created_at', 'bytes', 'counted_until', 'cancel_requested')
    if not fields[1] then return end
    return {
      id = id, key = key, status = fields[1], owner = fields[2], batch = fields[3], day = fields[4],
      createdAt = fields[5], bytes = fields[6], countedUntil = fields[7], isCancelRequested = fields[8],
    }
  end
  local function countStored(countedUntil, images, bytes)
    redis.call('HINCRBY', 'darkroom:stored', 'images:' .. countedUntil, images)
    redis.call('HINCRBY', 'darkroom:stored', 'bytes:' .. countedUntil, bytes)
  end
  local function requireImage(id)
    local bytes = redis.call('STRLEN', 'darkroom:image:' .. id)
    if bytes == 0 then error('Expected the image of ' .. id .. ' in the image store.') end
    return bytes
  end
  local function countImages(ids, createdAt, ttl)
    local bytes = 0
    for _, id in ipairs(ids) do bytes = bytes + requireImage(id) end
    local grain = math.ceil(ttl / 24)
    local countedUntil = string.format('%d', math.ceil((createdAt / 1000 + ttl) / grain) * grain)
    countStored(countedUntil, #ids, bytes)
    return countedUntil
  end
  local function dropImage(job)
    if redis.call('DEL', 'darkroom:image:' .. job.id) == 1 then countStored(job.countedUntil, -1, -job.bytes) end
  end
  local function endBatchIfDone(id)
    local key = 'darkroom:batch:' .. id
    local batch = redis.call('HMGET', key, 'status', 'queued', 'processing', 'finished_at')
    if batch[1] == 'receiving' or batch[2] ~= '0' or batch[3] ~= '0' or batch[4] then return end
    redis.call('HSET', key, 'finished_at', now())
    if batch[1] == 'processing' then redis.call('HSET', key, 'status', 'completed') end
    redis.call('PUBLISH', '${FINAL_CHANNEL}', id)
  end
  local function setStatus(job, status, ...)
    redis.call('HSET', job.key, 'status', status, ...)
    if not job.batch then return end
    local batch = 'darkroom:batch:' .. job.batch
    if redis.call('EXISTS', batch) == 0 then return end
    local left = redis.call('HINCRBY', batch, job.status, -1)
    redis.call('HINCRBY', batch, status, 1)
    if left == 0 and isFinal(status) then endBatchIfDone(job.batch) end
  end
  local function makeFinal(job, status, code, finishedAt, ...)
    dropImage(job)
    setStatus(job, status, ...)
    local counts = {status, 1}
    if status ~= 'canceled' then
      counts[3], counts[4] = 'ms', math.max(0, finishedAt - job.createdAt)
    end
    if status == 'failed' then
      counts[5], counts[6] = 'error:' .. code, 1
    end
    countUsage(job.owner, job.day, unpack(counts))
    sayFinal(job)
  end
  local function addToList(list, id, createdAt, ttl)
    redis.call('ZADD', list, 0, id)
    redis.call('EXPIRE', list, ttl)
    local kind, oldest = string.match(id, '^%a+_'), string.format('%012x', math.max(0, createdAt - ttl * 1000))
    redis.call('ZREMRANGEBYLEX', list, '-', '(' .. kind .. string.sub(oldest, 1, 8) .. '-' .. string.sub(oldest, 9))
  end
  local function storeJob(id, owner, day, ttl, ...)
    local key = 'darkroom:job:' .. id
    redis.call('HSET', key, 'status', 'queued', 'owner', owner, 'day', day, ...)
    redis.call('EXPIRE', key, ttl)
  end
  local function joinBatch(batch, rows, ttl)
    local key = 'darkroom:batch:' .. batch
    redis.call('RPUSH', key .. ':rows', unpack(rows))
    redis.call('EXPIRE', key .. ':rows', ttl)
    redis.call('HSET', key, 'touched_at', now())
    redis.call('HINCRBY', key, 'total', #rows)
    redis.call('HINCRBY', key, 'queued', #rows)
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
