import { z } from 'zod';
import { type ErrorCode, errorCodes, problem } from './errors.ts';
import { imageFormats } from './image-formats.ts';
import type { JobRecord } from './job-record.ts';

export const JobStatus = z.enum(['queued', 'processing', 'succeeded', 'failed', 'canceled']);
export type JobStatus = z.infer<typeof JobStatus>;

/** True of a status that never changes again. */
export function isFinal(status: JobStatus): status is Exclude<JobStatus, 'queued' | 'processing'> {
  return status === 'succeeded' || status === 'failed' || status === 'canceled';
}

const time = z.iso.datetime().meta({ example: '2026-01-05T12:00:00.000Z' });
const ms = z.number().min(0);

export const Prediction = z
  .strictObject({
    label: z.string().meta({ example: 'tabby' }),
    confidence: z.number().min(0).max(1).meta({ example: 0.5321 }),
    index: z
      .number()
      .int()
      .min(0)
      .meta({ description: "Position in the model's output.", example: 281 }),
  })
  .meta({ id: 'Prediction', description: 'One class of the model and its probability.' });

export const Problem = z
  .strictObject({
    type: z
      .string()
      .meta({ description: "The code's entry in the docs.", example: '/docs/errors#not_an_image' }),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
    detail: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'Problem details, RFC 9457.' });

export const JobImage = z
  .strictObject({
    format: z.enum(imageFormats).optional().meta({
      description: 'Absent on an item of a batch that is no image of ours.',
    }),
    bytes: z.number().int().min(0),
    width: z
      .number()
      .int()
      .min(1)
      .optional()
      .meta({ description: 'In pixels, after turning by EXIF; on the final job.' }),
    height: z.number().int().min(1).optional(),
  })
  .meta({ id: 'JobImage' });

export const Job = z
  .strictObject({
    id: z.string().meta({ example: 'job_0197f2a4-5b1c-7d3e-8f00-123456789abc' }),
    status: JobStatus.meta({ description: '`succeeded`, `failed` and `canceled` are final.' }),
    model: z.string().meta({ example: 'efficientnet-lite0-int8' }),
    model_sha256: z
      .string()
      .optional()
      .meta({ description: 'Absent until a worker has told what it has loaded.' }),
    worker: z
      .string()
      .optional()
      .meta({ description: "The worker of the last attempt; begins with its host's name." }),
    created_at: time,
    started_at: time.optional(),
    finished_at: time.optional(),
    attempts: z.number().int().min(0).meta({ description: 'Tries begun so far, by any worker.' }),
    image: JobImage,
    predictions: z
      .array(Prediction)
      .optional()
      .meta({ description: 'Best first; present once succeeded.' }),
    error: Problem.optional().meta({ description: 'Present once failed.' }),
    timings: z
      .strictObject({
        queue_ms: ms,
        decode_ms: ms.optional().meta({
          description: 'From the bytes of the picture to the input of the model.',
        }),
        inference_ms: ms.optional().meta({
          description: 'Its part, where images that waited were inferred together.',
        }),
        total_ms: ms,
      })
      .optional()
      .meta({ description: 'Milliseconds by step; on a final job that was begun.' }),
    retry_of: z.string().optional().meta({
      description:
        'The job that was given up, and that an operator has had tried again as this one.',
    }),
    links: z.strictObject({ self: z.string() }),
  })
  .meta({ id: 'Job', description: 'One image to classify.' });

export type Job = z.infer<typeof Job>;

/** The JSON of a job, the same however it is read. */
export function presentJob(id: string, record: Readonly<JobRecord>): Job {
  const { spec, result } = record;
  const job: Job = {
    id,
    status: record.status,
    model: spec.model,
    created_at: iso(spec.createdAt),
    attempts: record.attempts,
    image: { ...(spec.format ? { format: spec.format } : {}), bytes: spec.bytes },
    links: { self: `/v1/jobs/${id}` },
  };
  if (spec.modelSha256) job.model_sha256 = spec.modelSha256;
  if (record.retryOf) job.retry_of = record.retryOf;
  if (record.worker) job.worker = record.worker;
  if (record.startedAt) job.started_at = iso(record.startedAt);
  if (!result) return job;

  job.finished_at = iso(result.finishedAt);
  const { outcome } = result;
  if (outcome.status !== 'canceled' && outcome.image) {
    job.image.width = outcome.image.width;
    job.image.height = outcome.image.height;
  }
  if (outcome.status === 'succeeded') job.predictions = outcome.predictions;
  if (outcome.status === 'failed') job.error = problem(outcome.code, outcome.detail);
  if (record.startedAt) {
    job.timings = {
      queue_ms: Math.max(0, record.startedAt - spec.createdAt),
      ...(outcome.status === 'succeeded' ? outcome.timings : {}),
      total_ms: Math.max(0, result.finishedAt - spec.createdAt),
    };
  }
  return job;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
