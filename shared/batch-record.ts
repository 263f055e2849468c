import type { JobStatus } from './job.ts';
import type { JobOptions } from './job-options.ts';

export const batchStatuses = ['receiving', 'processing', 'completed', 'canceled'] as const;
export type BatchStatus = (typeof batchStatuses)[number];

export type BatchCounts = Record<'total' | JobStatus, number>;

/** What is settled about a batch when it begins. */
export interface BatchSpec {
  options: JobOptions;
  retryOf?: string;
}

/** A batch as Redis holds it, in one hash; its rows stand in a list beside it. */
export interface BatchRecord {
  owner: string;
  status: BatchStatus;
  spec: BatchSpec;
  counts: BatchCounts;
  /** How many of the failed were no images of ours, and never ran. */
  refused: number;
  createdAt: number;
  /** When its upload was last heard of, while it is received. */
  touchedAt: number;
  startedAt?: number;
  finishedAt?: number;
  /** The code of what broke the upload. */
  error?: string;
}

/** An item's place in its batch: its job, and the sender's name for it. */
export interface BatchRow {
  jobId: string;
  id: string;
}

/** Parses the fields of a batch's hash; undefined where there is none. */
export function parseBatchRecord(fields: Record<string, string>): BatchRecord | undefined {
  if (!fields.status || !fields.spec) return undefined;
  const count = (name: string) => Number(fields[name] ?? 0);
  const record: BatchRecord = {
    owner: fields.owner ?? '',
    status: fields.status as BatchStatus,
    spec: JSON.parse(fields.spec) as BatchSpec,
    counts: {
      total: count('total'),
      queued: count('queued'),
      processing: count('processing'),
      succeeded: count('succeeded'),
      failed: count('failed'),
      canceled: count('canceled'),
    },
    refused: count('refused'),
    createdAt: count('created_at'),
    touchedAt: count('touched_at'),
  };
  if (fields.started_at) record.startedAt = count('started_at');
  if (fields.finished_at) record.finishedAt = count('finished_at');
  if (fields.error) record.error = fields.error;
  return record;
}
