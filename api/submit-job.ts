import type { ClaimEntry } from '../shared/claim-entry.ts';
import { newId } from '../shared/ids.ts';
import type { JobRecord } from '../shared/job-record.ts';
import { stillArriving } from './idempotency.ts';
import { jobSpec } from './job-spec.ts';
import type { ApiDeps } from './route.ts';
import type { Upload } from './upload/read-upload.ts';

/**
 * Makes a job of an upload. The image goes into the store before the ticket goes into the queue, so that a job never
 * names missing bytes. Where either step fails, the other is taken back; where that fails too, the job expires, and
 * workers pass over its ticket.
 * What is to stand under an Idempotency-Key is stored in the same step as the job.
 */
export async function submitJob(
  {
    config,
    store,
    queue,
    registered,
    metrics,
  }: Pick<ApiDeps, 'config' | 'store' | 'queue' | 'registered' | 'metrics'>,
  owner: string,
  { image, format, options }: Upload,
  entryOf?: (id: string) => ClaimEntry,
): Promise<{ id: string; record: JobRecord }> {
  const spec = jobSpec(options, { format, bytes: image.length }, config, await registered());
  const id = newId('job');
  const job = { owner, spec, image };
  // Sent without a wait in between: on one connection, Redis takes them in this order.
  const [stored, queued] = await Promise.allSettled([
    entryOf ? store.submitOnce(id, job, entryOf(id)) : store.submit(id, job),
    queue.add(id),
  ]);
  const isStored = stored.status === 'fulfilled' && stored.value !== false;
  if (isStored && queued.status === 'fulfilled') {
    metrics.accepted('single');
    return { id, record: { owner, status: 'queued', spec, attempts: 0 } };
  }
  await Promise.allSettled([queue.remove(id), store.withdraw(id)]);
  if (stored.status === 'rejected') throw stored.reason;
  throw queued.status === 'rejected' ? queued.reason : stillArriving();
}
