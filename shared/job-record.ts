import type { ImageFormat } from './image-formats.ts';
import type { JobStatus } from './job.ts';
import type { Outcome } from './outcome.ts';

/** What is settled about a job when it is submitted. */
export interface JobSpec {
  model: string;
  /** Absent while no worker has told what it has loaded. */
  modelSha256?: string;
  topK: number;
  minConfidence: number;
  /** Absent on an item of a batch that is no image of ours. */
  format?: ImageFormat;
  /** Size of the image in bytes; 0 where none was kept. */
  bytes: number;
  /** Milliseconds since 1970, as are all times of a record. */
  createdAt: number;
}

export interface JobResult {
  outcome: Outcome | { status: 'canceled' };
  finishedAt: number;
  modelSha256?: string;
}

/** A job as Redis holds it, in one hash that expires `RESULT_TTL` after the submission. */
export interface JobRecord {
  /** The key that submitted it; empty while the service is open. */
  owner: string;
  status: JobStatus;
  spec: JobSpec;
  attempts: number;
  startedAt?: number;
  worker?: string;
  result?: JobResult;
}

/** Parses the fields of a job's hash; undefined where there is none. */
export function parseJobRecord(fields: Record<string, string>): JobRecord | undefined {
  if (!fields.status || !fields.spec) return undefined;
  const record: JobRecord = {
    owner: fields.owner ?? '',
    status: fields.status as JobStatus,
    spec: JSON.parse(fields.spec) as JobSpec,
    attempts: Number(fields.attempts ?? 0),
  };
  if (fields.started_at) record.startedAt = Number(fields.started_at);
  if (fields.worker) record.worker = fields.worker;
  if (fields.result) record.result = JSON.parse(fields.result) as JobResult;
  return record;
}
