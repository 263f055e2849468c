import { z } from 'zod';
import { type BatchRecord, batchStatuses } from '../../shared/batch-record.ts';
import { type ErrorCode, problem } from '../../shared/errors.ts';
import { Problem } from '../../shared/job.ts';

const count = z.number().int().min(0);

export const Batch = z
  .strictObject({
    id: z.string().meta({ example: 'batch_019a8c5e-7c00-7000-8000-0123456789ab' }),
    status: z.enum(batchStatuses).meta({
      description:
        '`receiving` while the upload arrives; `canceled` at once, though a running job may end after it.',
    }),
    counts: z
      .strictObject({
        total: count,
        queued: count,
        processing: count,
        succeeded: count,
        failed: count,
        canceled: count,
      })
      .meta({ description: 'Always sum to `total`.' }),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().optional(),
    images_per_second: z
      .number()
      .min(0)
      .optional()
      .meta({ description: 'Since its first job began; while it runs.' }),
    eta_seconds: z
      .number()
      .min(0)
      .optional()
      .meta({ description: 'What is left at that rate; once all has arrived.' }),
    retry_of: z
      .string()
      .optional()
      .meta({ description: 'The batch whose failed items it runs again.' }),
    error: Problem.optional().meta({
      description: 'What broke its upload; what had arrived is worked on.',
    }),
    links: z.strictObject({ self: z.string(), results: z.string() }),
  })
  .meta({ id: 'Batch', description: 'Many jobs, submitted, counted, read and canceled as one.' });

export type Batch = z.infer<typeof Batch>;

/** The JSON of a batch at a time in milliseconds since 1970. */
export function presentBatch(id: string, record: BatchRecord, now: number): Batch {
  const { counts, status, spec } = record;
  const batch: Batch = {
    id,
    status,
    counts,
    created_at: new Date(record.createdAt).toISOString(),
    links: { self: `/v1/batches/${id}`, results: `/v1/batches/${id}/results` },
  };
  if (spec.retryOf) batch.retry_of = spec.retryOf;
  if (record.error) batch.error = problem(record.error as ErrorCode);
  if (record.finishedAt !== undefined) {
    batch.finished_at = new Date(record.finishedAt).toISOString();
    return batch;
  }
  const perSecond = speed(record, now);
  if (perSecond > 0) {
    batch.images_per_second = Math.round(perSecond * 10) / 10;
    if (status === 'processing')
      batch.eta_seconds = Math.ceil((counts.queued + counts.processing) / perSecond);
  }
  return batch;
}

function speed({ counts, refused, startedAt }: BatchRecord, now: number): number {
  const seconds = (now - (startedAt ?? now)) / 1000;
  return seconds > 0 ? (counts.succeeded + counts.failed - refused) / seconds : 0;
}
