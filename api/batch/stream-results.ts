import type { BatchStore } from '../../shared/batch-store.ts';
import type { JobStatus } from '../../shared/job.ts';
import { presentRow } from './present-row.ts';
import type { ResultsFormat } from './results-format.ts';

/** Rows that are read and written at once: constant memory, whatever the batch. */
const CHUNK = 200;

export interface ResultsQuery {
  /** Only rows of this status. */
  status: JobStatus | undefined;
  /** Only rows behind this index; -1 for all. */
  after: number;
  /** At most so many rows. */
  limit: number;
}

/** The rows of a batch in input order, read as they are sent. */
export function streamResults(
  batches: Pick<BatchStore, 'readRows'>,
  batch: string,
  { status, after, limit }: ResultsQuery,
  format: ResultsFormat,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let from = after + 1;
  let left = limit;
  let head = format.head;
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        const read = await batches.readRows(
          batch,
          from,
          Math.min(CHUNK, status ? CHUNK : left || 1),
        );
        from += read.length;
        const rows = read
          .map(presentRow)
          .filter((row) => !status || row.status === status)
          .slice(0, left);
        left -= rows.length;
        const text = head + (rows.length > 0 ? format.write(rows) : '');
        head = '';
        if (text) controller.enqueue(encoder.encode(text));
        const isLast = read.length === 0 || left <= 0;
        if (isLast) controller.close();
        // A stream that is pulled and given nothing would not be pulled again.
        if (isLast || text) return;
      }
    },
  });
}
