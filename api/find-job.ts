import { PublicError } from '../shared/errors.ts';
import { idTime } from '../shared/ids.ts';
import type { JobRecord } from '../shared/job-record.ts';
import type { JobStore } from '../shared/job-store.ts';

/**
 * Reads a job of a key. Throws `expired` for an id older than the retention, whoever asks and whether it was ever
 * given out, and `job_not_found` for one that is unknown or another key's. What was heard of it is not read again.
 */
export async function findJob(
  store: Pick<JobStore, 'read'>,
  id: string,
  { owner, ttlSeconds }: { owner: string; ttlSeconds: number },
  heard?: JobRecord,
): Promise<JobRecord> {
  requireYoungId(id, ttlSeconds);
  const record = heard ?? (await store.read(id));
  if (!record || record.owner !== owner) throw jobNotFound();
  return record;
}

export function requireYoungId(id: string, ttlSeconds: number): void {
  const madeAt = idTime('job', id);
  if (madeAt === undefined) throw jobNotFound();
  if (Date.now() - madeAt > ttlSeconds * 1000) {
    throw new PublicError('expired', `Jobs and their results are kept for ${ttlSeconds} seconds.`);
  }
}

export function jobNotFound(): PublicError {
  return new PublicError('job_not_found', 'Expected the id of a job of yours.');
}
