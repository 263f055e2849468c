import type { Writable } from 'node:stream';
import { UsageError } from '../usage-error.ts';
import type { Row } from './row.ts';
import type { RowFormat } from './row-format.ts';

export type RowsOutput = ReturnType<typeof createRowsOutput>;

/** Writes rows as they come, no faster than they are read. Throws where they cannot be written. */
export function createRowsOutput(stdout: Writable, format: RowFormat) {
  let isBegun = false;
  const send = (text: string) =>
    new Promise<void>((resolve, reject) => {
      stdout.write(text, (error) => {
        if (error)
          reject(
            new UsageError(`The results cannot be written: ${error.message}.`, { cause: error }),
          );
        else resolve();
      });
    });
  return {
    async write(rows: Row[]): Promise<void> {
      if (rows.length === 0) return;
      const text = (isBegun ? '' : format.head) + format.write(rows, !isBegun);
      isBegun = true;
      await send(text);
    },

    async end(): Promise<void> {
      const text = (isBegun ? '' : format.head) + format.tail;
      if (text) await send(text);
    },
  };
}
