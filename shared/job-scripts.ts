import type { Redis } from 'ioredis';
import { REPLACE_CLAIM_LUA } from './claim-entry.ts';
import { DEAD_LETTER_LUA } from './dead-letter-lua.ts';
import { SPEC_FIELDS } from './job-record.ts';
import { JOB_STATE_LUA } from './job-state-lua.ts';
import { TAKE_TURN_LUA } from './take-turn-lua.ts';

export const jobKey = (id: string) => `darkroom:job:${id}`;
export const imageKey = (id: string) => `darkroom:image:${id}`;
/** Holds the id of a job that is begun before anyone knows which it is, for a second, so that Redis finds the image by it. */
export const nextKey = (uuid: string) => `darkroom:next:${uuid}`;

/** Lua function that makes a single job, waiting in the queue, of an image that is in the image store. */
export const SUBMIT_LUA = `
  local function submit(id, owner, day, createdAt, ttl, ...)
    local countedUntil = countImages({id}, createdAt, ttl)
    storeJob(id, owner, day, ttl, 'counted_until', countedUntil, ...)
    addToList('darkroom:jobs:' .. owner, id, createdAt, ttl)
    redis.call('ZADD', 'darkroom:entering', now(), id)
    redis.call('EXPIRE', 'darkroom:entering', ttl)
    countUsage(owner, day, 'requests', 1, 'images', 1)
  end`;

/** Lua function that begins a job: `begun` with the turns ahead and what was asked, or why there is nothing to do. */
const BEGIN_LUA = `${TAKE_TURN_LUA}
  local function begin(id, worker, machine, share, enough)
    local job = readJob(id)
    if not job then return {'gone'} end
    if isFinal(job.status) then return {'final'} end
    local batchKey = job.batch and 'darkroom:batch:' .. job.batch
    local batchStatus = batchKey and redis.call('HGET', batchKey, 'status')
    if job.isCancelRequested or batchStatus == 'canceled' then return {'cancellation_requested'} end
    local startedAt = now()
    setStatus(job, 'processing', 'worker', worker, 'started_at', startedAt)
    redis.call('HINCRBY', job.key, 'attempts', 1)
    if batchStatus then redis.call('HSETNX', batchKey, 'started_at', startedAt) end
    local turnsAhead = machine and takeTurn(machine, worker, share, tonumber(enough)) or 0
    return {'begun', turnsAhead, unpack(redis.call('HMGET', job.key, ${SPEC_FIELDS.map((name) => `'${name}'`).join(', ')}))}
  end`;

const scripts = {
  submitJob: `${SUBMIT_LUA}
    submit(unpack(ARGV))`,
  submitJobOnce: `${SUBMIT_LUA} ${REPLACE_CLAIM_LUA}
    local key, held, value, seconds, id = unpack(ARGV, 1, 5)
    requireImage(id)
    if replaceClaim(key, held, value, seconds) == 0 then
      redis.call('DEL', 'darkroom:image:' .. id)
      return 0
    end
    submit(unpack(ARGV, 5))
    return 1`,
  beginJob: `${BEGIN_LUA}
    return begin(unpack(ARGV))`,
  beginNextJob: `${BEGIN_LUA}
    local token, nextKey = ARGV[1], ARGV[2]
    local id = redis.call('LINDEX', 'bull:jobs:active', 0)
    if not id or redis.call('GET', 'bull:jobs:' .. id .. ':lock') ~= token then return {} end
    local begun = begin(id, unpack(ARGV, 3))
    if begun[1] == 'begun' then
      redis.call('RPUSH', nextKey, id)
      redis.call('EXPIRE', nextKey, 1)
    end
    return {id, unpack(begun)}`,
  releaseJob: `
    local id, attempts = unpack(ARGV)
    local job = readJob(id)
    if not job or job.status ~= 'processing' then return end
    setStatus(job, 'queued')
    redis.call('HINCRBY', job.key, 'attempts', attempts)`,
  finishJob: `
    local id, status, code, finishedAt = unpack(ARGV, 1, 4)
    local job = readJob(id)
    local changed = job and not isFinal(job.status)
    if changed then makeFinal(job, status, code, finishedAt, unpack(ARGV, 5)) end
    return {changed and 1 or 0, feedIsLow() and 1 or 0}`,
  cancelJob: `
    local id, owner = unpack(ARGV, 1, 2)
    local job = readJob(id)
    if not job or job.owner ~= owner then return 'unknown' end
    if isFinal(job.status) then return 'already_finished' end
    if job.status == 'processing' then
      redis.call('HSET', job.key, 'cancel_requested', '1')
      return 'cancellation_requested'
    end
    makeFinal(job, 'canceled', '', 0, unpack(ARGV, 3))
    return 'canceled'`,
  eraseJobs: `${DEAD_LETTER_LUA}
    for _, id in ipairs(ARGV) do
      local job = readJob(id)
      if job then
        dropImage(job)
        redis.call('DEL', job.key)
      end
      dropDead(id)
    end`,
};

/** What is stored of every new job: id, owner, day, time and expiry. Its fields stand at the end of the arguments. */
export type NewJob = [id: string, owner: string, day: string, createdAt: number, ttl: number];
export type Fields = (string | number)[];

export type BegunReply = [state: string, turnsAhead: number, ...spec: (string | null)[]];

/** What `placeArguments` makes. */
type Turn = [] | readonly [machine: string, share: number, enough: number];

type Scripts = {
  /** Refused where the image is not in the store. */
  submitJob(...args: [...NewJob, ...spec: Fields]): Promise<null>;
  /** Whether the key of the claim was still the caller's to use. */
  submitJobOnce(
    ...args: [key: string, held: string, value: string, seconds: number, ...NewJob, ...spec: Fields]
  ): Promise<0 | 1>;
  /** `begun` with the turns ahead and the values of SPEC_FIELDS, or one word for why there is nothing to do. */
  beginJob(...args: [id: string, worker: string, ...Turn]): Promise<BegunReply>;
  /** The same behind the id, where the ticket that was taken last is locked with the token. */
  beginNextJob(
    ...args: [token: string, nextKey: string, worker: string, ...Turn]
  ): Promise<[id: string, ...BegunReply] | []>;
  releaseJob(id: string, attempts: 0 | -1): Promise<null>;
  /** Whether it changed anything, and whether the queue wants more of the batches. */
  finishJob(
    ...args: [id: string, status: string, code: string, finishedAt: number, ...fields: Fields]
  ): Promise<[0 | 1, 0 | 1]>;
  cancelJob(
    ...args: [id: string, owner: string, ...result: Fields]
  ): Promise<'canceled' | 'cancellation_requested' | 'already_finished' | 'unknown'>;
  eraseJobs(...ids: string[]): Promise<null>;
};

/** Defines the scripts on a connection and gives them types, which ioredis does not. */
export function defineJobScripts(redis: Redis): Scripts {
  for (const [name, lua] of Object.entries(scripts)) {
    redis.defineCommand(name, { numberOfKeys: 0, lua: `${JOB_STATE_LUA}\n${lua}` });
  }
  return redis as unknown as Scripts;
}
