import type { Redis } from 'ioredis';
import { isFinal } from './job.ts';
import { type JobRecord, type JobResult, type JobSpec, parseJobRecord } from './job-record.ts';
import { COUNT_USAGE_LUA, dayOf } from './usage-store.ts';

/** Channel on which the id of every job is published at the moment it becomes final. */
export const FINAL_CHANNEL = 'darkroom:final';

const jobKey = (id: string) => `darkroom:job:${id}`;
const imageKey = (id: string) => `darkroom:image:${id}`;

export type Begun =
  | { state: 'begun'; spec: JobSpec; image: Buffer | undefined }
  /** Nothing to do: the job has expired, or is final already. */
  | { state: 'gone' | 'final' }
  /** A cancellation came while an earlier attempt was running: it is not tried again. */
  | { state: 'cancellation_requested' };

export type Cancellation = 'canceled' | 'cancellation_requested' | 'already_finished' | 'unknown';

export type JobStore = ReturnType<typeof createJobStore>;

/**
 * Jobs and their images in Redis: a hash and a string for each job. Every change of state is one script,
 * so that a job becomes final exactly once, whoever asks, and however often it is run.
 */
export function createJobStore(redis: Redis, ttlSeconds: number) {
  const scripts = defineScripts(redis);
  return {
    /** Stores the image and the job's record, both or neither. The ticket in the queue comes after. */
    async submit(
      id: string,
      job: { owner: string; spec: JobSpec; image: Uint8Array },
    ): Promise<void> {
      const image = Buffer.from(job.image.buffer, job.image.byteOffset, job.image.byteLength);
      const { owner, spec } = job;
      await scripts.submitJob(
        jobKey(id),
        imageKey(id),
        owner,
        JSON.stringify(spec),
        spec.createdAt,
        dayOf(spec.createdAt),
        ttlSeconds,
        image,
      );
    },

    /** Takes a submission back that got no ticket, as if it had never been; one that a worker has begun stays. */
    async withdraw(id: string): Promise<void> {
      await scripts.withdrawJob(jobKey(id), imageKey(id));
    },

    async read(id: string): Promise<JobRecord | undefined> {
      return parseJobRecord(await redis.hgetall(jobKey(id)));
    },

    /** Marks a job as processing and hands out its image, in one command. */
    async begin(id: string, worker: string): Promise<Begun> {
      const [state, spec, image] = await scripts.beginJobBuffer(
        jobKey(id),
        imageKey(id),
        worker,
        Date.now(),
      );
      switch (String(state)) {
        case 'begun':
          return {
            state: 'begun',
            spec: JSON.parse(String(spec)) as JobSpec,
            image: image ?? undefined,
          };
        case 'cancellation_requested':
          return { state: 'cancellation_requested' };
        case 'final':
          return { state: 'final' };
        default:
          return { state: 'gone' };
      }
    },

    /** Says that a job waits again, after an attempt that came to nothing. */
    async release(id: string): Promise<void> {
      await scripts.releaseJob(jobKey(id), imageKey(id));
    },

    /** Makes a job final and lets its image go. False where it was final or gone already: then nothing changes. */
    async finish(id: string, result: JobResult): Promise<boolean> {
      const { status } = result.outcome;
      return (
        (await scripts.finishJob(jobKey(id), imageKey(id), id, status, JSON.stringify(result))) ===
        1
      );
    },

    /** Cancels a job that has not begun; asks that a running one is not tried again. */
    async cancel(id: string, owner: string): Promise<Cancellation> {
      const result: JobResult = { outcome: { status: 'canceled' }, finishedAt: Date.now() };
      return await scripts.cancelJob(jobKey(id), imageKey(id), id, owner, JSON.stringify(result));
    },

    /** Erases a final job, so that nothing of it is left. */
    async erase(id: string, owner: string): Promise<'erased' | 'not_final' | 'unknown'> {
      const record = await this.read(id);
      if (!record || record.owner !== owner) return 'unknown';
      if (!isFinal(record.status)) return 'not_final';
      await redis.del(jobKey(id), imageKey(id));
      return 'erased';
    },
  };
}

interface Scripts {
  submitJob(
    job: string,
    image: string,
    owner: string,
    spec: string,
    createdAt: number,
    day: string,
    ttl: number,
    bytes: Buffer,
  ): Promise<null>;
  withdrawJob(job: string, image: string): Promise<0 | 1>;
  beginJobBuffer(
    job: string,
    image: string,
    worker: string,
    now: number,
  ): Promise<(Buffer | null)[]>;
  releaseJob(job: string, image: string): Promise<0 | 1>;
  finishJob(job: string, image: string, id: string, status: string, result: string): Promise<0 | 1>;
  cancelJob(
    job: string,
    image: string,
    id: string,
    owner: string,
    result: string,
  ): Promise<Cancellation>;
}

/**
 * Lua over KEYS job and image. `makeFinal` is the one way by which a job becomes final, and counts its usage on the
 * day on which it was submitted, so that a day's results are never more than its requests.
 */
function defineScripts(redis: Redis): Scripts {
  const makeFinal = `${COUNT_USAGE_LUA}
    local function isFinal(status)
      return status == 'succeeded' or status == 'failed' or status == 'canceled'
    end
    local function makeFinal(id, status, result)
      redis.call('HSET', KEYS[1], 'status', status, 'result', result)
      redis.call('DEL', KEYS[2])
      local job = redis.call('HMGET', KEYS[1], 'owner', 'day', 'created_at')
      countUsage(job[1], job[2], status, 1)
      if status ~= 'canceled' then
        local decoded = cjson.decode(result)
        countUsage(job[1], job[2], 'ms', math.max(0, decoded.finishedAt - job[3]))
        if status == 'failed' then countUsage(job[1], job[2], 'error:' .. decoded.outcome.code, 1) end
      end
      redis.call('PUBLISH', '${FINAL_CHANNEL}', id)
    end`;
  const scripts = {
    submitJob: `${COUNT_USAGE_LUA}
      local owner, spec, createdAt, day, ttl, image = unpack(ARGV)
      redis.call('SET', KEYS[2], image, 'EX', ttl)
      redis.call('HSET', KEYS[1], 'status', 'queued', 'owner', owner, 'spec', spec, 'created_at', createdAt, 'day', day)
      redis.call('EXPIRE', KEYS[1], ttl)
      countUsage(owner, day, 'requests', 1)
      countUsage(owner, day, 'images', 1)`,
    withdrawJob: `${COUNT_USAGE_LUA}
      local job = redis.call('HMGET', KEYS[1], 'status', 'owner', 'day')
      if job[1] ~= 'queued' then return 0 end
      redis.call('DEL', KEYS[1], KEYS[2])
      countUsage(job[2], job[3], 'requests', -1)
      countUsage(job[2], job[3], 'images', -1)
      return 1`,
    beginJob: `${makeFinal}
      local job = redis.call('HMGET', KEYS[1], 'status', 'spec', 'cancel_requested')
      if not job[1] then return {'gone'} end
      if isFinal(job[1]) then return {'final'} end
      if job[3] then return {'cancellation_requested'} end
      redis.call('HSET', KEYS[1], 'status', 'processing', 'worker', ARGV[1], 'started_at', ARGV[2])
      redis.call('HINCRBY', KEYS[1], 'attempts', 1)
      return {'begun', job[2], redis.call('GET', KEYS[2])}`,
    releaseJob: `
      if redis.call('HGET', KEYS[1], 'status') ~= 'processing' then return 0 end
      redis.call('HSET', KEYS[1], 'status', 'queued')
      return 1`,
    finishJob: `${makeFinal}
      local status = redis.call('HGET', KEYS[1], 'status')
      if not status or isFinal(status) then return 0 end
      makeFinal(ARGV[1], ARGV[2], ARGV[3])
      return 1`,
    cancelJob: `${makeFinal}
      local job = redis.call('HMGET', KEYS[1], 'status', 'owner')
      if not job[1] or job[2] ~= ARGV[2] then return 'unknown' end
      if isFinal(job[1]) then return 'already_finished' end
      if job[1] == 'processing' then
        redis.call('HSET', KEYS[1], 'cancel_requested', '1')
        return 'cancellation_requested'
      end
      makeFinal(ARGV[1], 'canceled', ARGV[3])
      return 'canceled'`,
  };
  for (const [name, lua] of Object.entries(scripts))
    redis.defineCommand(name, { numberOfKeys: 2, lua });
  // ioredis adds defined commands to the client, and a `Buffer` variant of each, without types.
  return redis as unknown as Scripts;
}
