import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { ClaimEntry } from './claim-entry.ts';
import { isFinal } from './job.ts';
import { type JobResult, type JobSpec, parseSpec, specFields } from './job-record.ts';
import { type BegunReply, defineJobScripts, imageKey, nextKey } from './job-scripts.ts';
import { readList } from './read-list.ts';
import { createPolledReader, createRecordReader } from './record-text.ts';
import { resultFields } from './stored-result.ts';
import { type Place, placeArguments } from './take-turn-lua.ts';
import { dayOf } from './usage-store.ts';
import { withImages } from './with-images.ts';

const listKey = (owner: string) => `darkroom:jobs:${owner}`;

export interface Submitted {
  owner: string;
  spec: JobSpec;
  image: Buffer;
}

export type Begun =
  /** `turnsAhead`: how far its worker is ahead of the others of its machine (take-turn-lua.ts). */
  | { state: 'begun'; spec: JobSpec; image: Buffer | undefined; turnsAhead: number }
  /** Nothing to do: the job has expired, or is final already. */
  | { state: 'gone' | 'final' }
  /** A cancellation came while an earlier attempt was running: it is not tried again. */
  | { state: 'cancellation_requested' };

export type NextJob = Begun & { id: string };

export type Cancellation = 'canceled' | 'cancellation_requested' | 'already_finished' | 'unknown';

export type JobStore = ReturnType<typeof createJobStore>;

/**
 * Jobs and their images in Redis: a hash and a string for each job. Every change of state is one script,
 * so that a job becomes final exactly once, whoever asks, and however often it is run.
 */
export function createJobStore(redis: Redis, ttlSeconds: number) {
  const scripts = defineJobScripts(redis);
  const read = createPolledReader(redis);
  const readRecord = createRecordReader(redis);
  const turnOf = (place?: Place) => (place ? placeArguments(place) : ([] as const));
  const newJob = (id: string, { owner, spec }: Submitted) => {
    const { createdAt } = spec;
    return [id, owner, dayOf(createdAt), createdAt, ttlSeconds, ...specFields(spec)] as const;
  };

  return {
    /** Stores the image and the job's record, both or neither. The ticket in the queue comes after. */
    async submit(id: string, job: Submitted): Promise<void> {
      const images = [{ id, image: job.image }];
      await withImages(redis, images, ttlSeconds, () => scripts.submitJob(...newJob(id, job)));
    },

    /** The same together with the entry of an Idempotency-Key; nothing where that is another's by now. */
    async submitOnce(
      id: string,
      job: Submitted,
      { key, held, value, seconds }: ClaimEntry,
    ): Promise<boolean> {
      const images = [{ id, image: job.image }];
      const stored = await withImages(redis, images, ttlSeconds, () =>
        scripts.submitJobOnce(key, held, value, seconds, ...newJob(id, job)),
      );
      return stored === 1;
    },

    read,

    /** The key's single jobs (not those of batches), newest first, after an id. */
    list: (owner: string, after: string | undefined, limit: number) =>
      readList(redis, listKey(owner), { after, limit }, readRecord),

    /** Marks a job as processing and hands out its image. */
    async begin(id: string, worker: string, place?: Place): Promise<Begun> {
      const [reply, image] = await Promise.all([
        scripts.beginJob(id, worker, ...turnOf(place)),
        redis.getBuffer(imageKey(id)),
      ]);
      return toBegun(reply, image);
    },

    /**
     * The same for the job whose ticket was taken from the queue last, where that was under this token: so it can be asked
     * for before anyone knows which job that will be.
     */
    async beginNext(token: string, worker: string, place?: Place): Promise<NextJob | undefined> {
      const key = nextKey(randomUUID());
      const [[id, ...reply], images] = await Promise.all([
        scripts.beginNextJob(token, key, worker, ...turnOf(place)),
        redis.callBuffer('SORT', key, 'BY', 'nosort', 'GET', imageKey('*')),
      ]);
      if (!id) return undefined;
      // A Redis that did not know the script yet ran it after what was asked behind it.
      const [image = await redis.getBuffer(imageKey(id))] = images as Buffer[];
      return { id, ...toBegun(reply as BegunReply, image) };
    },

    /** Says that a job waits again, after an attempt that came to nothing, or that was never made. */
    async release(id: string, wasTried = true): Promise<void> {
      await scripts.releaseJob(id, wasTried ? 0 : -1);
    },

    /**
     * Makes a job final and lets its image go; where it was final or gone already, nothing changes. Notes the SHA-256 of
     * the model that was used. Tells whether it did, and whether the queue wants more of the batches.
     */
    async finish(
      id: string,
      result: JobResult,
      modelSha256?: string,
    ): Promise<{ changed: boolean; feedIsLow: boolean }> {
      const { outcome, finishedAt } = result;
      const code = outcome.status === 'failed' ? outcome.code : '';
      const [changed, feedIsLow] = await scripts.finishJob(
        id,
        outcome.status,
        code,
        finishedAt,
        ...(modelSha256 ? ['model_sha256', modelSha256] : []),
        ...resultFields(result),
      );
      return { changed: changed === 1, feedIsLow: feedIsLow === 1 };
    },

    /** Cancels a job that has not begun; asks that a running one is not tried again. */
    async cancel(id: string, owner: string): Promise<Cancellation> {
      return await scripts.cancelJob(id, owner, ...resultFields(canceledNow()));
    },

    /** Erases a final job, so that nothing of it is left. */
    async erase(id: string, owner: string): Promise<'erased' | 'not_final' | 'unknown'> {
      const record = await read(id);
      if (!record || record.owner !== owner) return 'unknown';
      if (!isFinal(record.status)) return 'not_final';
      await scripts.eraseJobs(id);
      await redis.zrem(listKey(owner), id);
      return 'erased';
    },
  };
}

function toBegun([state, turnsAhead, ...spec]: BegunReply, image: Buffer | null): Begun {
  switch (state) {
    case 'begun':
      return { state, spec: parseSpec(spec), image: image ?? undefined, turnsAhead };
    case 'cancellation_requested':
    case 'final':
      return { state };
    default:
      return { state: 'gone' };
  }
}

/** The result of a job that is canceled at this moment. */
export function canceledNow(): JobResult {
  return { outcome: { status: 'canceled' }, finishedAt: Date.now() };
}
