import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import type { BatchItem } from '../api/batch/batch-item.ts';
import { type FormHeaders, readForm } from '../api/batch/read-form.ts';
import { PublicError } from '../shared/errors.ts';

export const testLimits = { maxImageBytes: 100_000, maxBatchBytes: 10_000_000, spoolDir: tmpdir() };

/** A stream that gives bytes in pieces, and tells how many it has given. */
export function streamOf(bytes: Buffer | string, pieceBytes = 65_536) {
  const whole = Buffer.from(bytes);
  let given = 0;
  const stream = new Readable({
    highWaterMark: pieceBytes,
    read() {
      const piece = whole.subarray(given, given + pieceBytes);
      given += piece.length;
      this.push(piece.length > 0 ? piece : null);
    },
  });
  return { stream, given: () => given };
}

export interface ReadUpload {
  items: BatchItem[];
  options: Record<string, unknown>;
  /** The code of what was thrown, at once or after the items. */
  code?: string;
}

/** Reads an upload to its end, or to what breaks it. */
export async function readUpload(
  body: Readable | Buffer | string,
  headers: FormHeaders | string,
  limits: Partial<typeof testLimits> = {},
): Promise<ReadUpload> {
  const read: ReadUpload = { items: [], options: {} };
  try {
    const form = await readForm(
      typeof headers === 'string' ? { 'content-type': headers } : headers,
      body instanceof Readable ? body : streamOf(body).stream,
      { ...testLimits, ...limits },
    );
    for await (const item of form.items) read.items.push(item);
    read.options = form.options;
  } catch (error) {
    if (!(error instanceof PublicError)) throw error;
    read.code = error.code;
  }
  return read;
}

/** An item in one line: its id, and its bytes as text or its code. */
export function shown(items: BatchItem[]): string[] {
  return items.map((item) => `${item.id}: ${'code' in item ? item.code : item.image}`);
}
