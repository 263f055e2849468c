import type { JobResult } from '../../shared/job-record.ts';
import type { JobStore } from '../../shared/job-store.ts';
import type { ModelInfo } from '../../shared/model-info.ts';
import type { WorkerRegistry } from '../../shared/worker-registry.ts';
import { internal } from '../fill-batch.ts';
import { firstBytes } from '../image-bytes.ts';
import type { StartedApi } from './start-api.ts';

export const succeeded: JobResult = {
  finishedAt: Date.now(),
  outcome: {
    status: 'succeeded',
    image: { format: 'png', width: 4, height: 3 },
    predictions: [{ label: 'tabby', confidence: 0.75, index: 281 }],
    timings: { decode_ms: 1.5, inference_ms: 7 },
  },
};

export const failed: JobResult = {
  finishedAt: Date.now(),
  outcome: { status: 'failed', code: 'undecodable_image', detail: 'The pixels end too soon.' },
};

/** Submits a picture, and returns the job's id. */
export async function submit(api: StartedApi, headers: Record<string, string> = {}) {
  const { body } = await api.call('/v1/jobs', { method: 'POST', headers, body: firstBytes.png });
  if (!body.id) throw new Error(`The submission was refused: ${body.code}.`);
  return body.id;
}

/** Does with a job what a worker does, but for opening the image. */
export async function work(store: JobStore, id: string, result: JobResult): Promise<void> {
  await store.begin(id, 'test-worker');
  const modelSha256 = 'ab'.repeat(32);
  const { changed } = await store.finish(id, { ...result, finishedAt: Date.now() }, modelSha256);
  if (!changed) throw new Error('The job was final before.');
}

/** Does with a job what a worker does whose last attempt threw this. */
export async function giveUp(api: StartedApi, id: string, cause: unknown): Promise<void> {
  await api.store.begin(id, 'test-worker');
  const { changed } = await api.dead.bury(id, { ...internal, finishedAt: Date.now() }, cause);
  if (!changed) throw new Error('The job was final before.');
}

/** Says that a worker is there, with models of these names. */
export async function announce(registry: WorkerRegistry, ...names: string[]): Promise<void> {
  const models = names.map(
    (name): ModelInfo => ({
      name,
      task: 'image-classification',
      sha256: 'cd'.repeat(32),
      labels: ['cat', 'dog'],
      input: { width: 224, height: 224 },
    }),
  );
  await registry.announce({ name: 'test-worker', concurrency: 1, models: names }, models);
}
