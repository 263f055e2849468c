import type { ClaimEntry } from '../shared/claim-entry.ts';
import { newId } from '../shared/ids.ts';
import type { JobRecord } from '../shared/job-record.ts';
import { stillArriving } from './idempotency.ts';
import { jobSpec } from './job-spec.ts';
import type { ApiDeps } from './route.ts';
import type { Upload } from './upload/read-upload.ts';

/**
 * Makes a job of an upload. The image goes into the store before the ticket goes into the queue, so that a job never
 * names missing bytes. What is stored is accepted: where its ticket fails, a worker finds the job without one and gives
 * it one; and workers pass over a ticket without a job.
 * What is to stand under an Idempotency-Key is stored in the same step as the job.
 */
export async function submitJob(
  {
    config,
    store,
    queue,
    waits,
    registered,
    metrics,
    faults,
  }: Pick<ApiDeps, 'config' | 'store' | 'queue' | 'waits' | 'registered' | 'metrics' | 'faults'>,
  owner: string,
  { image, format, options }: Upload,
  entryOf?: (id: string) => ClaimEntry,
): Promise<{ id: string; record: JobRecord }> {
  const spec = jobSpec(options, { format, bytes: image.length }, config, await registered());
  const id = newId('job');
  const job = { owner, spec, image };
  waits.expectWord(id, owner);
  // Sent without a wait in between: on one connection, Redis takes them in this order.
  const [stored, queued] = await Promise.allSettled([
    entryOf ? store.submitOnce(id, job, entryOf(id)) : store.submit(id, job),
    queue.add(id),
  ]);
  if (stored.status === 'rejected' || stored.value === false) waits.expectNone(id);
  // Without an answer it may be stored all the same, and is left for a second try with the same Idempotency-Key.
  if (stored.status === 'rejected') throw stored.reason;
  if (stored.value === false) throw stillArriving();
  if (queued.status === 'rejected') faults.seen('a job got no ticket', queued.reason);
  metrics.accepted('single');
  return { id, record: { owner, status: 'queued', spec, attempts: 0 } };
}
