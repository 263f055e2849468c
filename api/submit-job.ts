import { newJobId } from '../shared/ids.ts';
import type { JobRecord, JobSpec } from '../shared/job-record.ts';
import { resolveModel } from './resolve-model.ts';
import type { ApiDeps } from './route.ts';
import type { Upload } from './upload/read-upload.ts';

/**
 * Makes a job of an upload. The image goes into the store before the ticket goes into the queue, so that a job never
 * names missing bytes. Where the second step fails, the first is taken back; where that fails too, it expires.
 */
export async function submitJob(
  { config, store, queue, registered }: Pick<ApiDeps, 'config' | 'store' | 'queue' | 'registered'>,
  owner: string,
  { image, format, options }: Upload,
): Promise<{ id: string; record: JobRecord }> {
  const model = resolveModel(options.model, config.defaultModel, await registered());
  const id = newJobId();
  const spec: JobSpec = {
    model: model.name,
    ...(model.sha256 ? { modelSha256: model.sha256 } : {}),
    topK: options.top_k,
    minConfidence: options.min_confidence,
    format,
    bytes: image.length,
    createdAt: Date.now(),
  };
  await store.submit(id, { owner, spec, image });
  try {
    await queue.add(id);
  } catch (error) {
    await Promise.allSettled([store.withdraw(id)]);
    throw error;
  }
  return { id, record: { owner, status: 'queued', spec, attempts: 0 } };
}
