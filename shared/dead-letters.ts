import { inspect } from 'node:util';
import type { Redis } from 'ioredis';
import type { Config } from './config.ts';
import { defineDeadLetterScripts } from './dead-letter-scripts.ts';
import { idTime, newId } from './ids.ts';
import { type JobRecord, type JobResult, parseJobRecord, specFields } from './job-record.ts';
import { resultFields } from './stored-result.ts';
import { dayOf } from './usage-store.ts';

/** So many letters are kept at most, and images of an eighth of QUEUE_BYTES_LIMIT; then the oldest goes. */
const MAX_LETTERS = 10_000;
const BYTES_PART = 1 / 8;
/** The longest cause that is kept, in characters: a stack with its causes. */
const MAX_CAUSE = 4_000;

const letterKey = (id: string) => `darkroom:dead:${id}`;

/** A job that was given up for no fault of its image. */
export interface DeadLetter {
  /** The job's id. */
  id: string;
  /** The job as it became final. */
  record: JobRecord;
  /** What was thrown in the last attempt, with its stack: for the operator alone. */
  cause: string;
  /** Milliseconds since 1970; no two letters have the same. */
  diedAt: number;
  expiresAt: number;
}

export type DeadLetters = ReturnType<typeof createDeadLetters>;

/** What was given up, with its cause and its image, for DEAD_TTL: to be read, and retried once the cause is mended. */
export function createDeadLetters(
  redis: Redis,
  {
    resultTtlSeconds,
    deadTtlSeconds,
    queueBytesLimit,
  }: Pick<Config, 'resultTtlSeconds' | 'deadTtlSeconds' | 'queueBytesLimit'>,
  maxLetters = MAX_LETTERS,
) {
  const scripts = defineDeadLetterScripts(redis);
  const maxBytes = Math.floor(queueBytesLimit * BYTES_PART);

  // An id comes from whoever asks, and other keys begin as a letter's does.
  const isJobId = (id: string) => idTime('job', id) !== undefined;
  const read = async (id: string): Promise<DeadLetter | undefined> =>
    isJobId(id) ? parseLetter(id, await redis.hgetall(letterKey(id))) : undefined;

  return {
    read,

    /** Makes a job final that is given up, and keeps it with its image. */
    async bury(
      id: string,
      result: JobResult,
      cause: unknown,
    ): Promise<{ changed: boolean; feedIsLow: boolean }> {
      const [changed, feedIsLow] = await scripts.buryJob(
        id,
        result.finishedAt,
        inspect(cause).slice(0, MAX_CAUSE),
        deadTtlSeconds,
        maxLetters,
        maxBytes,
        ...resultFields(result),
      );
      return { changed: changed === 1, feedIsLow: feedIsLow === 1 };
    },

    async readImage(id: string): Promise<Buffer | undefined> {
      return (await redis.getBuffer(`${letterKey(id)}:image`)) ?? undefined;
    },

    /** Letters, the last to die first; of those that died before a time, which is how the next page is asked for. */
    async list(
      before: number | undefined,
      limit: number,
    ): Promise<{ letters: DeadLetter[]; next: number | undefined }> {
      const from = before === undefined ? '+inf' : `(${before}`;
      const entries = await redis.zrange(
        'darkroom:dead',
        from,
        '-inf',
        'BYSCORE',
        'REV',
        'LIMIT',
        0,
        limit,
        'WITHSCORES',
      );
      const ids = entries.filter((_, at) => at % 2 === 0).map((entry) => entry.split(' ')[0] ?? '');
      const letters = (await Promise.all(ids.map(read))).filter((letter) => letter !== undefined);
      return { letters, next: ids.length === limit ? Number(entries.at(-1)) : undefined };
    },

    /**
     * Makes a new job of a dead one, of the same owner and with the same options, and lets the letter go: of several
     * tries at the same time one makes a job. Undefined where there is no letter.
     */
    async retry(id: string): Promise<{ id: string; record: JobRecord } | undefined> {
      const letter = await read(id);
      if (!letter) return undefined;
      const { owner } = letter.record;
      const createdAt = Date.now();
      const spec = { ...letter.record.spec, createdAt };
      const retryId = newId('job');
      const made = await scripts.retryDead(
        id,
        retryId,
        owner,
        dayOf(createdAt),
        createdAt,
        resultTtlSeconds,
        ...specFields(spec),
      );
      if (made === 0) return undefined;
      return { id: retryId, record: { owner, status: 'queued', spec, attempts: 0, retryOf: id } };
    },

    /** Lets a letter and its image go. False where there is none. */
    async drop(id: string): Promise<boolean> {
      return isJobId(id) && (await scripts.dropDead(id)) === 1;
    },
  };
}

function parseLetter(id: string, fields: Record<string, string>): DeadLetter | undefined {
  const record = parseJobRecord(fields);
  if (!record || fields.cause === undefined) return undefined;
  const { cause, died_at: diedAt, expires_at: expiresAt } = fields;
  return { id, record, cause, diedAt: Number(diedAt), expiresAt: Number(expiresAt) };
}
