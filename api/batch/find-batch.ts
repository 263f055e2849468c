import type { BatchRecord } from '../../shared/batch-record.ts';
import type { BatchStore } from '../../shared/batch-store.ts';
import { PublicError } from '../../shared/errors.ts';
import { idTime } from '../../shared/ids.ts';

/** An upload that was not heard of for so long has lost its API: one that lives is touched or cut off before. */
const ABANDONED_MS = 120_000;

/**
 * Reads a batch of a key. Throws `expired` for an id older than the retention, and `batch_not_found` for one that is
 * unknown or another key's.
 */
export async function findBatch(
  batches: Pick<BatchStore, 'read' | 'close'>,
  id: string,
  { owner, ttlSeconds }: { owner: string; ttlSeconds: number },
): Promise<BatchRecord> {
  requireYoungBatchId(id, ttlSeconds);
  const record = await batches.read(id);
  if (!record || record.owner !== owner) throw batchNotFound();
  return closeIfAbandoned(batches, id, record);
}

/** Closes a batch that is still to be received though its API was killed. */
export async function closeIfAbandoned(
  batches: Pick<BatchStore, 'read' | 'close'>,
  id: string,
  record: BatchRecord,
): Promise<BatchRecord> {
  if (record.status !== 'receiving' || Date.now() - record.touchedAt < ABANDONED_MS) return record;
  await batches.close(id, 'upload_aborted');
  return (await batches.read(id)) ?? record;
}

export function requireYoungBatchId(id: string, ttlSeconds: number): void {
  const madeAt = idTime('batch', id);
  if (madeAt === undefined) throw batchNotFound();
  if (Date.now() - madeAt > ttlSeconds * 1000) {
    throw new PublicError(
      'expired',
      `Batches and their results are kept for ${ttlSeconds} seconds.`,
    );
  }
}

export function batchNotFound(): PublicError {
  return new PublicError('batch_not_found', 'Expected the id of a batch of yours.');
}
