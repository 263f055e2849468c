import type { ImageFormat } from './image-formats.ts';
import { isFinal, type JobStatus } from './job.ts';
import type { Outcome } from './outcome.ts';
import { parseResult } from './stored-result.ts';

/** What is settled about a job when it is submitted. */
export interface JobSpec {
  model: string;
  /** What the worker used, once there is a result; absent before that while no worker has told what it has loaded. */
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
  /** The job of which it is another try, where an operator wanted one. */
  retryOf?: string;
  result?: JobResult;
}

/** The fields of a job's hash that hold its spec, in the order in which `specFields` knows them. */
export const SPEC_FIELDS = [
  'model',
  'model_sha256',
  'top_k',
  'min_confidence',
  'format',
  'bytes',
  'created_at',
] as const;

/** A spec as fields and values of the job's hash. */
export function specFields(spec: JobSpec): (string | number)[] {
  const { model, modelSha256 = '', topK, minConfidence, format = '', bytes, createdAt } = spec;
  const values = [model, modelSha256, topK, minConfidence, format, bytes, createdAt];
  return values.flatMap((value, index) => [SPEC_FIELDS[index] ?? '', value]);
}

/** The spec whose values of SPEC_FIELDS these are. */
export function parseSpec(values: (string | null | undefined)[]): JobSpec {
  const [model = '', sha256, topK, minConfidence, format, bytes, createdAt] = values;
  const spec: JobSpec = {
    model: model ?? '',
    topK: Number(topK),
    minConfidence: Number(minConfidence),
    bytes: Number(bytes),
    createdAt: Number(createdAt),
  };
  if (sha256) spec.modelSha256 = sha256;
  if (format) spec.format = format as ImageFormat;
  return spec;
}

/** Parses the fields of a job's hash; undefined where there is none. */
export function parseJobRecord(fields: Record<string, string>): JobRecord | undefined {
  if (!fields.status || !fields.model) return undefined;
  const record: JobRecord = {
    owner: fields.owner ?? '',
    status: fields.status as JobStatus,
    spec: parseSpec(SPEC_FIELDS.map((name) => fields[name])),
    attempts: Number(fields.attempts ?? 0),
  };
  if (fields.started_at) record.startedAt = Number(fields.started_at);
  if (fields.retry_of) record.retryOf = fields.retry_of;
  if (fields.worker) record.worker = fields.worker;
  if (isFinal(record.status)) record.result = parseResult(record.status, fields);
  return record;
}
