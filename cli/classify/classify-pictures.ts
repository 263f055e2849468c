import type { BatchClient, BatchRow } from './batch-client.ts';
import type { Picture } from './picture.ts';
import { type Row, toRow } from './row.ts';
import { sendChunk } from './send-chunk.ts';
import { dropBatch, followBatch, type SentBatch } from './sent-batch.ts';

interface Run {
  chunks: AsyncGenerator<Picture[]>;
  client: Omit<BatchClient, 'check'>;
  model: string | undefined;
  /** Called with rows as they become final, in order, those of files that could not be sent before their chunk. */
  onRows: (rows: Row[]) => Promise<void>;
  /** Called with how many more pictures are final and how many of these were not classified. */
  onFinal: (more: number, failed: number) => void;
}

/**
 * Classifies pictures: sends a chunk while the server works on the one before, and reads that one's rows as they come.
 * Where it is stopped, or breaks, it cancels what the server still has and hands on what was classified until then.
 */
export async function classifyPictures({
  chunks,
  client,
  model,
  onRows,
  onFinal,
}: Run): Promise<void> {
  const open = new Set<SentBatch>();
  const toRows = (pictures: Picture[], rows: BatchRow[]) =>
    pictures.map((picture, index) => toRow(picture, rows[index], model));

  const handOnUnsent = async (pictures: Picture[]) => {
    if (pictures.length === 0) return;
    onFinal(pictures.length, pictures.length);
    await onRows(toRows(pictures, []));
  };

  const sendNext = async (): Promise<SentBatch[] | undefined> => {
    const { value: chunk, done } = await chunks.next();
    if (done) return undefined;
    const readable = chunk.filter(({ failure }) => !failure);
    await handOnUnsent(chunk.filter(({ failure }) => failure));
    const sent: SentBatch[] = [];
    for await (const batch of sendChunk(client, readable)) {
      sent.push(batch);
      open.add(batch);
    }
    const taken = new Set(sent.flatMap(({ pictures }) => pictures));
    await handOnUnsent(readable.filter((picture) => !taken.has(picture)));
    return sent;
  };

  const follow = async (sent: SentBatch) => {
    await followBatch(client, sent, (pictures, rows) => onRows(toRows(pictures, rows)), onFinal);
    open.delete(sent);
    // Of a batch that somebody canceled while it was sent, not all has arrived.
    await handOnUnsent(sent.pictures.slice(sent.read));
  };

  const drop = (sent: SentBatch) =>
    dropBatch(client, sent, (pictures, rows) =>
      onRows(toRows(pictures, rows).filter(({ status }) => status !== 'canceled')),
    );

  let sending = sendNext();
  try {
    for (let batches = await sending; batches; batches = await sending) {
      sending = sendNext();
      // Its failure is met when its turn comes.
      sending.catch(() => undefined);
      for (const sent of batches) await follow(sent);
    }
  } catch (error) {
    await sending.catch(() => undefined);
    // The server may be what broke: then there is nobody to tell.
    for (const sent of open) await drop(sent).catch(() => undefined);
    throw error;
  }
}
