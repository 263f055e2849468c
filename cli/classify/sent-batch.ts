import type { Batch, BatchClient, BatchRow } from './batch-client.ts';
import type { Picture } from './picture.ts';

/** Rows read at once. */
const ROWS_AT_ONCE = 200;
/** How long the server holds an answer about a batch that is not final. */
const WAIT_SECONDS = 0.5;

/** A batch that the server has, the pictures that it is of, and how many of its rows have been handed on. */
export interface SentBatch {
  batch: Batch;
  pictures: Picture[];
  read: number;
}

type HandOn = (pictures: Picture[], rows: BatchRow[]) => Promise<void>;
type Reader = Pick<BatchClient, 'read' | 'rows' | 'cancel'>;

/** Hands on a batch's rows, in order, as they become final; resolves when all have. */
export async function followBatch(
  client: Reader,
  sent: SentBatch,
  handOn: HandOn,
  /** Called with how many more are final and how many of these were not classified. */
  onFinal: (more: number, failed: number) => void,
): Promise<void> {
  let told = { final: 0, failed: 0 };
  for (;;) {
    const { total, succeeded, failed, canceled } = sent.batch.counts;
    const now = { final: succeeded + failed + canceled, failed: failed + canceled };
    onFinal(now.final - told.final, now.failed - told.failed);
    told = now;
    while (sent.read < now.final) {
      const limit = Math.min(now.final - sent.read, ROWS_AT_ONCE);
      const rows = await client.rows(sent.batch.id, sent.read, limit);
      const firstOpen = rows.findIndex((row) => !isFinal(row));
      const ready = firstOpen < 0 ? rows : rows.slice(0, firstOpen);
      if (ready.length === 0) break;
      await handOnMore(sent, ready, handOn);
    }
    if (sent.read >= total && now.final >= total) return;
    sent.batch = await client.read(sent.batch.id, WAIT_SECONDS);
  }
}

/** Cancels a batch and hands on the rows that are left, those that were not canceled with their results. */
export async function dropBatch(client: Reader, sent: SentBatch, handOn: HandOn): Promise<void> {
  await client.cancel(sent.batch.id);
  for (;;) {
    const rows = await client.rows(sent.batch.id, sent.read, ROWS_AT_ONCE);
    if (rows.length === 0) return;
    await handOnMore(sent, rows, handOn);
  }
}

async function handOnMore(sent: SentBatch, rows: BatchRow[], handOn: HandOn): Promise<void> {
  const pictures = sent.pictures.slice(sent.read, sent.read + rows.length);
  sent.read += rows.length;
  await handOn(pictures, rows);
}

function isFinal({ status }: BatchRow): boolean {
  return status !== 'queued' && status !== 'processing';
}
