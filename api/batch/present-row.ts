import { z } from 'zod';
import type { ReadRow } from '../../shared/batch-store.ts';
import { problem } from '../../shared/errors.ts';
import { JobStatus, Prediction, Problem } from '../../shared/job.ts';

export const Row = z
  .strictObject({
    index: z.number().int().min(0).meta({ description: 'Its place in the upload.' }),
    id: z.string().meta({ description: "The sender's id, else the file's name, else the index." }),
    job_id: z.string(),
    status: JobStatus,
    predictions: z.array(Prediction).optional(),
    error: Problem.optional(),
  })
  .meta({ id: 'Row', description: 'What became of one item of a batch, so far.' });

export type Row = z.infer<typeof Row>;

/** The JSON of a row. A job that is gone before its batch was erased by itself, which its row says as a cancellation. */
export function presentRow({ index, id, jobId, job }: ReadRow): Row {
  const row: Row = { index, id, job_id: jobId, status: job?.status ?? 'canceled' };
  const outcome = job?.result?.outcome;
  if (outcome?.status === 'succeeded') row.predictions = outcome.predictions;
  if (outcome?.status === 'failed') row.error = problem(outcome.code, outcome.detail);
  return row;
}
