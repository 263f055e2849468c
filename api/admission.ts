import type { Config } from '../shared/config.ts';
import { PublicError } from '../shared/errors.ts';
import type { ImageStoreState } from '../shared/image-store.ts';
import type { RedisMemory } from '../shared/redis-memory.ts';

export interface Admission {
  /** Throws `queue_full` where no further job is taken. */
  requireRoom(): Promise<void>;
  /** Whether there is room for one more image of a batch: half of the queue is kept for single jobs. */
  hasBatchRoom(): Promise<boolean>;
}

export interface AdmissionOptions {
  stored: () => Promise<ImageStoreState>;
  memory: () => Promise<RedisMemory>;
  /** Jobs that become final in a second. */
  drainRate: () => number;
  limits: Pick<Config, 'queueLimit' | 'queueBytesLimit'>;
}

/** The part of Redis' memory above which nothing is taken: what was taken needs the rest for its results. */
const MEMORY_PART = 0.8;
/** Who is refused comes back when a twentieth of the limit is free, so that not all find one place. */
const FREE_PART = 0.05;
/** Longest `Retry-After`, in seconds, also where nothing drains: a worker may be back by then. */
const LONGEST_RETRY_SECONDS = 60;

interface Measure {
  there: number;
  limit: number;
  /** What one job takes of it. */
  ofOne: number;
  sentence: string;
}

/** Decides, before a body is read, whether there is room for another job. */
export function createAdmission({
  stored,
  memory,
  drainRate,
  limits,
}: AdmissionOptions): Admission {
  const measures = async (): Promise<Measure[]> => {
    const [{ images, bytes }, { usedBytes, maxBytes }] = await Promise.all([stored(), memory()]);
    const { queueLimit, queueBytesLimit } = limits;
    const imageBytes = Math.max(1, bytes / Math.max(1, images));
    const memoryLimit = Math.floor(MEMORY_PART * maxBytes);
    return [
      {
        there: images,
        limit: queueLimit,
        ofOne: 1,
        sentence: `fewer than ${queueLimit} jobs in the queue but there are ${images}`,
      },
      {
        there: bytes,
        limit: queueBytesLimit,
        ofOne: imageBytes,
        sentence: `less than ${queueBytesLimit} bytes of images in the queue but there are ${bytes}`,
      },
      {
        there: usedBytes,
        limit: memoryLimit,
        ofOne: imageBytes,
        sentence: `Redis to use less than ${memoryLimit} bytes of memory but it uses ${usedBytes}`,
      },
    ];
  };

  const retrySeconds = ({ there, limit, ofOne }: Measure): number => {
    const jobs = Math.max(1, (there - (1 - FREE_PART) * limit) / ofOne);
    return Math.min(LONGEST_RETRY_SECONDS, Math.max(1, Math.ceil(jobs / drainRate())));
  };

  return {
    async requireRoom() {
      const full = (await measures()).find(({ there, limit }) => there >= limit);
      if (!full) return;
      const headers = { 'Retry-After': String(retrySeconds(full)) };
      throw new PublicError('queue_full', `Expected ${full.sentence}. Try again later.`, {
        headers,
      });
    },
    async hasBatchRoom() {
      const [jobs, bytes, memoryUsed] = await measures();
      const isBelow = (part: number, measure?: Measure) =>
        measure !== undefined && measure.there < part * measure.limit;
      return isBelow(0.5, jobs) && isBelow(0.5, bytes) && isBelow(1, memoryUsed);
    },
  };
}
