import type { BatchStore } from '../shared/batch-store.ts';
import { newId } from '../shared/ids.ts';
import type { JobResult, JobSpec } from '../shared/job-record.ts';
import { firstBytes } from './image-bytes.ts';

export const image = firstBytes.png;

export const succeeded: JobResult = {
  finishedAt: Date.now(),
  outcome: {
    status: 'succeeded',
    image: { format: 'png', width: 4, height: 3 },
    predictions: [{ label: 'tabby', confidence: 0.75, index: 281 }],
    timings: { decode_ms: 1, inference_ms: 1 },
  },
};

export const failed: JobResult = {
  finishedAt: Date.now(),
  outcome: { status: 'failed', code: 'undecodable_image', detail: 'The pixels end too soon.' },
};

/** What a worker says of a job that it gives up. */
export const internal: JobResult = {
  finishedAt: Date.now(),
  outcome: { status: 'failed', code: 'internal', detail: 'Every attempt failed.' },
};

export function specNow(): JobSpec {
  const about = { format: 'png', bytes: image.length } as const;
  return { model: 'm', topK: 1, minConfidence: 0, ...about, createdAt: Date.now() };
}

/** Opens a batch with images in it, and leaves it open. */
export async function openWith(
  batches: BatchStore,
  owner: string,
  images: number,
): Promise<{ batch: string; jobs: string[] }> {
  const batch = newId('batch');
  await batches.open(batch, owner, { options: { top_k: 1, min_confidence: 0 } });
  const jobs = Array.from({ length: images }, () => newId('job'));
  const items = jobs.map((jobId, index) => ({
    row: { jobId, id: `${index}` },
    spec: specNow(),
    image,
  }));
  for (let from = 0; from < images; from += 100) {
    await batches.addItems(batch, owner, items.slice(from, from + 100));
  }
  return { batch, jobs };
}

/** A whole batch of images. */
export async function fillBatch(batches: BatchStore, owner: string, images: number) {
  const opened = await openWith(batches, owner, images);
  await batches.close(opened.batch);
  return opened;
}
