import type { Redis } from 'ioredis';
import { DEAD_LETTER_LUA } from './dead-letter-lua.ts';
import { SUBMIT_LUA } from './job-scripts.ts';
import { JOB_STATE_LUA } from './job-state-lua.ts';

/**
 * The letter is the job's record as it became final, with its cause, and the image goes over to it: out of what waits,
 * so that what was given up keeps nobody out. The image moves first, since a script may free when Redis is out of
 * memory, and what follows is then not refused either. A retry stands in `darkroom:fed` as if its ticket had been lost
 * long ago, so that the next worker that looks, within a second, gives it one: no death can come in between.
 */
const scripts = {
  buryJob: `
    local id, finishedAt, cause, ttl, maxLetters, maxBytes = unpack(ARGV, 1, 6)
    local job = readJob(id)
    if not job or isFinal(job.status) then return {0, feedIsLow() and 1 or 0} end
    local letter = 'darkroom:dead:' .. id
    local bytes = redis.call('STRLEN', 'darkroom:image:' .. id)
    if bytes > 0 then
      redis.call('RENAME', 'darkroom:image:' .. id, letter .. ':image')
      redis.call('EXPIRE', letter .. ':image', ttl)
      countStored(job.countedUntil, -1, -bytes)
    end
    makeFinal(job, 'failed', 'internal', finishedAt, unpack(ARGV, 7))
    local last = redis.call('ZRANGE', 'darkroom:dead', -1, -1, 'WITHSCORES')[2] or 0
    local diedAt = math.max(now(), last + 1)
    redis.call('COPY', job.key, letter, 'REPLACE')
    redis.call('HSET', letter, 'bytes', bytes, 'cause', cause, 'died_at', diedAt, 'expires_at', diedAt + ttl * 1000)
    redis.call('EXPIRE', letter, ttl)
    redis.call('ZADD', 'darkroom:dead', diedAt, id .. ' ' .. bytes)
    redis.call('EXPIRE', 'darkroom:dead', ttl)
    redis.call('INCRBY', 'darkroom:dead:bytes', bytes)
    redis.call('EXPIRE', 'darkroom:dead:bytes', ttl)
    for _, expired in ipairs(redis.call('ZRANGE', 'darkroom:dead', '-inf', now() - ttl * 1000, 'BYSCORE')) do
      dropDeadEntry(expired)
    end
    local count = redis.call('ZCARD', 'darkroom:dead')
    while count > 1 and (count > tonumber(maxLetters)
        or tonumber(redis.call('GET', 'darkroom:dead:bytes') or 0) > tonumber(maxBytes)) do
      dropDeadEntry(redis.call('ZRANGE', 'darkroom:dead', 0, 0)[1])
      count = count - 1
    end
    return {1, feedIsLow() and 1 or 0}`,
  retryDead: `${SUBMIT_LUA}
    local oldId, id, owner, day, createdAt, ttl = unpack(ARGV, 1, 6)
    local image = 'darkroom:dead:' .. oldId .. ':image'
    if redis.call('EXISTS', image, 'darkroom:dead:' .. oldId) < 2 then return 0 end
    redis.call('RENAME', image, 'darkroom:image:' .. id)
    redis.call('EXPIRE', 'darkroom:image:' .. id, ttl)
    dropDead(oldId)
    submit(id, owner, day, createdAt, ttl, 'retry_of', oldId, unpack(ARGV, 7))
    redis.call('ZADD', 'darkroom:fed', 0, id)
    return 1`,
  dropDead: `
    return dropDead(ARGV[1])`,
};

type Scripts = {
  /** Whether it changed anything, and whether the queue wants more of the batches. */
  buryJob(
    id: string,
    finishedAt: number,
    cause: string,
    ttl: number,
    maxLetters: number,
    maxBytes: number,
    ...resultFields: (string | number)[]
  ): Promise<[0 | 1, 0 | 1]>;
  retryDead(
    oldId: string,
    id: string,
    owner: string,
    day: string,
    createdAt: number,
    ttl: number,
    ...specFields: (string | number)[]
  ): Promise<0 | 1>;
  dropDead(id: string): Promise<0 | 1>;
};

/** Defines the scripts on a connection and gives them types, which ioredis does not. */
export function defineDeadLetterScripts(redis: Redis): Scripts {
  for (const [name, lua] of Object.entries(scripts)) {
    redis.defineCommand(name, {
      numberOfKeys: 0,
      lua: `${JOB_STATE_LUA}\n${DEAD_LETTER_LUA}\n${lua}`,
    });
  }
  return redis as unknown as Scripts;
}
