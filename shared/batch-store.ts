import type { Redis } from 'ioredis';
import {
  type BatchRecord,
  type BatchRow,
  type BatchSpec,
  parseBatchRecord,
} from './batch-record.ts';
import { batchKey, defineBatchScripts } from './batch-scripts.ts';
import type { ErrorCode } from './errors.ts';
import { type JobRecord, type JobResult, type JobSpec, specFields } from './job-record.ts';
import { defineJobScripts } from './job-scripts.ts';
import { canceledNow } from './job-store.ts';
import { readList } from './read-list.ts';
import { createRecordReader } from './record-text.ts';
import { resultFields } from './stored-result.ts';
import { dayOf } from './usage-store.ts';
import { withImages } from './with-images.ts';

/** Rows that are read, or canceled, in one command: what Redis does in about a millisecond. */
const CHUNK = 200;

const rowsKey = (id: string) => `${batchKey(id)}:rows`;
const listKey = (owner: string) => `darkroom:batches:${owner}`;

/** An item of a batch that is an image of ours. */
export interface ImageItem {
  row: BatchRow;
  spec: JobSpec;
  image: Buffer;
}

export type BatchStore = ReturnType<typeof createBatchStore>;

/** Batches in Redis: a hash of counts, kept by the scripts that change a job's state, and a list of rows. */
export function createBatchStore(redis: Redis, ttlSeconds: number) {
  const scripts = defineBatchScripts(redis);
  const jobScripts = defineJobScripts(redis);
  const readRecord = createRecordReader(redis);

  /** Rows from an index on, each with its job; a row whose job is gone has none. */
  const readRows = async (id: string, from: number, limit: number) => {
    const rows = (await redis.lrange(rowsKey(id), from, from + limit - 1)).map(parseRow);
    const jobs = await Promise.all(rows.map(({ jobId }) => readRecord(jobId)));
    return rows.map((row, offset) => ({ index: from + offset, ...row, job: jobs[offset] }));
  };

  return {
    readRows,

    /** Begins a batch that is still to be received. */
    async open(id: string, owner: string, spec: BatchSpec): Promise<void> {
      const createdAt = Date.now();
      await scripts.openBatch(
        id,
        owner,
        JSON.stringify(spec),
        createdAt,
        ttlSeconds,
        dayOf(createdAt),
      );
    },

    /** Adds images to a batch, of which there is at least one. All or none are taken: none where it takes no more. */
    async addItems(
      batch: string,
      owner: string,
      items: ImageItem[],
    ): Promise<{ taken: boolean; feedIsLow: boolean }> {
      const images = items.map(({ row, image }) => ({ id: row.jobId, image }));
      const fields = items.map(({ row, spec }) => [row.jobId, row.id, ...specFields(spec)]);
      const createdAt = Math.max(...items.map(({ spec }) => spec.createdAt));
      const [taken, feedIsLow] = await withImages(redis, images, ttlSeconds, () =>
        scripts.addItems(
          batch,
          owner,
          dayOf(createdAt),
          createdAt,
          ttlSeconds,
          fields[0]?.length ?? 0,
          ...fields.flat(),
        ),
      );
      return { taken: taken === 1, feedIsLow: feedIsLow === 1 };
    },

    /** Adds an item that is no image of ours: a row that has failed. */
    async addFailedItem(
      batch: string,
      row: BatchRow,
      {
        owner,
        spec,
        code,
        detail,
      }: { owner: string; spec: JobSpec; code: ErrorCode; detail: string },
    ): Promise<boolean> {
      const result: JobResult = {
        outcome: { status: 'failed', code, detail },
        finishedAt: Date.now(),
      };
      const { createdAt } = spec;
      const taken = await scripts.addFailedItem(
        row.jobId,
        owner,
        dayOf(createdAt),
        createdAt,
        ttlSeconds,
        batch,
        `${row.jobId} ${row.id}`,
        code,
        result.finishedAt,
        ...specFields(spec),
        ...resultFields(result),
      );
      return taken === 1;
    },

    /** Says that the upload of a batch is still there. False where the batch takes no more. */
    async touch(id: string): Promise<boolean> {
      return (await scripts.touchBatch(id)) === 1;
    },

    /** Ends the receiving of a batch; with the code of what broke its upload, where something did. */
    async close(id: string, error?: ErrorCode): Promise<void> {
      await scripts.closeBatch(id, error ?? '');
    },

    /** Removes a batch in which nothing has arrived, as if it had never been. */
    async discard(id: string, owner: string): Promise<void> {
      await redis.multi().del(batchKey(id)).zrem(listKey(owner), id).exec();
    },

    async read(id: string): Promise<BatchRecord | undefined> {
      return parseBatchRecord(await redis.hgetall(batchKey(id)));
    },

    /** The key's batches, newest first, after an id. */
    list: (owner: string, after: string | undefined, limit: number) =>
      readList(redis, listKey(owner), { after, limit }, (id) =>
        redis.hgetall(batchKey(id)).then(parseBatchRecord),
      ),

    /** Cancels a batch: at once for what has not begun; what runs ends as it ends. Goes on where an earlier try broke. */
    async cancel(id: string, owner: string): Promise<'canceled' | 'already_finished' | 'unknown'> {
      const result = await scripts.cancelBatch(id, owner);
      if (result !== 'canceled') return result;
      const canceled = resultFields(canceledNow());
      for (let from = 0; ; from += CHUNK) {
        const rows = (await redis.lrange(rowsKey(id), from, from + CHUNK - 1)).map(parseRow);
        if (rows.length === 0) return result;
        await scripts.cancelItems(...canceled, ...rows.map(({ jobId }) => jobId));
      }
    },

    /** Erases a finished batch with its jobs, so that nothing of it is left. */
    async erase(id: string, owner: string): Promise<'erased' | 'not_final' | 'unknown'> {
      const record = await this.read(id);
      if (!record || record.owner !== owner) return 'unknown';
      if (record.finishedAt === undefined) return 'not_final';
      for (;;) {
        const rows = (await redis.lpop(rowsKey(id), CHUNK))?.map(parseRow) ?? [];
        if (rows.length === 0) break;
        await jobScripts.eraseJobs(...rows.map(({ jobId }) => jobId));
      }
      await this.discard(id, owner);
      return 'erased';
    },
  };
}

function parseRow(text: string): BatchRow {
  const space = text.indexOf(' ');
  return { jobId: text.slice(0, space), id: text.slice(space + 1) };
}

export type ReadRow = { index: number; job: JobRecord | undefined } & BatchRow;
