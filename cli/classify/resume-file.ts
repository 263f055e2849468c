import { createReadStream, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { UsageError } from '../usage-error.ts';
import type { Picture } from './picture.ts';
import { isSettled, type Row } from './row.ts';

/** What is kept of a row while a run goes on. */
interface Known {
  status: Row['status'];
  size: number | undefined;
  mtime: string | undefined;
  /** The model that was asked for, where one was. */
  asked: string | undefined;
}

export type ResumeFile = Awaited<ReturnType<typeof openResumeFile>>;

/**
 * The rows of earlier runs, which new ones are added to. A last line that a killed run has half written is taken off.
 * Throws a UsageError for a file that holds anything else, before a byte of it is changed.
 */
export async function openResumeFile(path: string, model: string | undefined) {
  const known = new Map<string, Known>();
  const end = await readRows(path, ({ path: picture, ...row }) => {
    const { status, size, mtime, model: asked } = row;
    known.set(picture, { status, size, mtime, asked });
  }).catch(cannotUse(path));
  const file = await open(path, 'a').catch(cannotUse(path));
  await file.truncate(end);

  return {
    /** The status of a picture that has not changed since, and was asked of the same model. */
    statusOf(picture: Picture): Row['status'] | undefined {
      const row = known.get(picture.path);
      const isSame =
        row?.size === picture.size && row.mtime === picture.mtime && row.asked === model;
      return isSame ? row.status : undefined;
    },

    /** Adds rows; what another try may still classify is left out, so that the next run tries. */
    async append(rows: Row[]): Promise<void> {
      const lines = rows.filter(isSettled).map((row) => `${JSON.stringify(row)}\n`);
      if (lines.length > 0) await file.appendFile(lines.join('')).catch(cannotUse(path));
    },

    close: () => file.close(),
  };
}

/** Reads all whole lines; resolves to where the last of them ends. */
async function readRows(path: string, onRow: (row: Row) => void): Promise<number> {
  if (!existsSync(path)) return 0;
  let end = 0;
  let number = 0;
  let rest: Buffer = Buffer.alloc(0);
  const bytes = createReadStream(path);
  for await (const chunk of bytes) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (let line = rest.indexOf(10); line >= 0; line = rest.indexOf(10)) {
      number += 1;
      onRow(parseRow(rest.toString('utf8', 0, line), path, number));
      end += line + 1;
      rest = rest.subarray(line + 1);
    }
    if (rest.length > 0) requireBeginning(rest, path, number + 1);
  }
  return end;
}

function parseRow(line: string, path: string, number: number): Row {
  try {
    const row = JSON.parse(line);
    if (typeof row.path === 'string' && typeof row.status === 'string') return row;
  } catch {
    // Said below, as of any other line that is no row.
  }
  throw notOurs(path, number);
}

function cannotUse(path: string): (error: Error) => never {
  return (error) => {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`'${path}' of --resume cannot be used: ${error.message}.`, {
      cause: error,
    });
  };
}

/** What is taken off must be the beginning of a row of ours, not somebody's picture. */
function requireBeginning(rest: Buffer, path: string, number: number): void {
  const beginning = '{"path":"';
  const text = rest.toString('utf8', 0, beginning.length);
  if (!beginning.startsWith(text)) throw notOurs(path, number);
}

function notOurs(path: string, number: number): UsageError {
  return new UsageError(
    `Expected rows of darkroom classify for --resume but line ${number} of '${path}' is none.`,
  );
}
