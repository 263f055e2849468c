import type { BatchRecord } from '../../shared/batch-record.ts';
import { type Job, presentJob } from '../../shared/job.ts';
import type { JobRecord } from '../../shared/job-record.ts';
import { presentDeadLetter } from '../../shared/present-dead-letter.ts';
import { type Batch, presentBatch } from '../batch/present-batch.ts';

const id = 'job_019a8c5e-7c00-7000-8000-0123456789ab';
const createdAt = Date.parse('2025-11-16T09:30:00.000Z');

/** A submission of `test/pictures/chelsea.jpg`. */
const submitted: JobRecord = {
  owner: '',
  status: 'queued',
  spec: {
    model: 'efficientnet-lite0-int8',
    modelSha256: '8cd0215acde6968d791c6be9cb17c37b8d7a65836f81de6fcaf37997bba7c2de',
    topK: 2,
    minConfidence: 0,
    format: 'jpeg',
    bytes: 35042,
    createdAt,
  },
  attempts: 0,
};

export const queuedJob: Job = presentJob(id, submitted);

export const canceledJob: Job = presentJob(id, {
  ...submitted,
  status: 'canceled',
  result: { outcome: { status: 'canceled' }, finishedAt: createdAt + 40 },
});

export const succeededJob: Job = presentJob(id, {
  ...submitted,
  status: 'succeeded',
  attempts: 1,
  startedAt: createdAt + 2,
  worker: 'worker-7f9c-1',
  result: {
    finishedAt: createdAt + 17,
    outcome: {
      status: 'succeeded',
      image: { format: 'jpeg', width: 451, height: 300 },
      predictions: [
        { label: 'tiger cat', confidence: 0.4192, index: 282 },
        { label: 'Egyptian cat', confidence: 0.3032, index: 285 },
      ],
      timings: { decode_ms: 5.4, inference_ms: 7.1 },
    },
  },
});

export const deadLetter = presentDeadLetter({
  id,
  record: {
    ...submitted,
    status: 'failed',
    attempts: 3,
    startedAt: createdAt + 3_400,
    worker: 'worker-7f9c-1',
    result: {
      finishedAt: createdAt + 3_420,
      outcome: {
        status: 'failed',
        code: 'internal',
        detail:
          'Expected a result for the image, but every attempt failed for a reason of our own.',
      },
    },
  },
  cause: "Error: ENOSPC: no space left on device, open '/app/models/…'",
  diedAt: createdAt + 3_421,
  expiresAt: createdAt + 604_803_421,
});

export const retriedJob: Job = presentJob('job_019a8c70-1000-7000-8000-0123456789ab', {
  ...submitted,
  spec: { ...submitted.spec, createdAt: createdAt + 86_400_000 },
  retryOf: id,
});

const batchId = 'batch_019a8c5e-7c00-7000-8000-0123456789ab';

/** 63 good pictures and 3 bad ones, a second after they were sent. */
const received: BatchRecord = {
  owner: '',
  status: 'processing',
  spec: { options: { top_k: 5, min_confidence: 0 } },
  counts: { total: 66, queued: 20, processing: 1, succeeded: 43, failed: 2, canceled: 0 },
  refused: 0,
  createdAt,
  touchedAt: createdAt + 900,
  startedAt: createdAt + 50,
};

export const processingBatch: Batch = presentBatch(batchId, received, createdAt + 1_050);

export const canceledBatch: Batch = presentBatch(
  batchId,
  {
    ...received,
    status: 'canceled',
    counts: { total: 66, queued: 0, processing: 0, succeeded: 43, failed: 2, canceled: 21 },
    finishedAt: createdAt + 1_100,
  },
  createdAt + 1_100,
);
