import type { ClaimEntry } from '../shared/claim-entry.ts';
import { newId } from '../shared/ids.ts';
import type { JobRecord } from '../shared/job-record.ts';
import { stillArriving } from './idempotency.ts';
import { jobSpec } from './job-spec.ts';
import type { ApiDeps } from './route.ts';
import type { Upload } from './upload/read-upload.ts';

/**
 * Makes a job of an upload. The image goes into the store before the ticket goes into the queue, so that a job never
 * names missing bytes. Where the second step fails, the first is taken back; where that fails too, it expires.
 * What is to stand under an Idempotency-Key is stored in the same step as the job.
 */
export async function submitJob(
  { config, store, queue, registered }: Pick<ApiDeps, 'config' | 'store' | 'queue' | 'registered'>,
  owner: string,
  { image, format, options }: Upload,
  entryOf?: (id: string) => ClaimEntry,
): Promise<{ id: string; record: JobRecord }> {
  const spec = jobSpec(options, { format, bytes: image.length }, config, await registered());
  const id = newId('job');
  const job = { owner, spec, image };
  if (!entryOf) await store.submit(id, job);
  else if (!(await store.submitOnce(id, job, entryOf(id)))) throw stillArriving();
  try {
    await queue.add(id);
  } catch (error) {
    await Promise.allSettled([store.withdraw(id)]);
    throw error;
  }
  return { id, record: { owner, status: 'queued', spec, attempts: 0 } };
}
