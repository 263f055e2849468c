import type { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { UsageError } from '../usage-error.ts';
import { createBatchClient } from './batch-client.ts';
import type { ClassifyOptions } from './classify-options.ts';
import { classifyPictures } from './classify-pictures.ts';
import { findPictures } from './find-pictures.ts';
import type { Picture } from './picture.ts';
import { pictureChunks } from './picture-chunks.ts';
import { createProgress } from './progress.ts';
import { formatSeconds } from './progress-text.ts';
import { openResumeFile } from './resume-file.ts';
import type { Row } from './row.ts';
import { rowFormat } from './row-format.ts';
import { createRowsOutput } from './rows-output.ts';
import { summaryText } from './summary.ts';

export interface Surroundings {
  readInput: () => Promise<string>;
  stdout: Writable & { isTTY?: boolean };
  stderr: WriteStream;
  /** A terminal that cannot draw a line anew. */
  isDumb: boolean;
  /** Aborts when the user wants to stop. */
  signal: AbortSignal;
}

/** Classifies what the arguments stand for; resolves to the exit code. Throws a UsageError where it cannot run. */
export async function runClassify(
  args: string[],
  options: ClassifyOptions,
  { readInput, stdout, stderr, isDumb, signal }: Surroundings,
): Promise<number> {
  const paths = await findPictures(args, readInput);
  if (paths.length === 0) {
    throw new UsageError('Expected at least one picture, in files, folders, globs or -.');
  }
  const onTrouble = (reason: string, waitMs: number) =>
    progress.note(`Trying again in ${formatSeconds(waitMs / 1000)}: ${reason}.`);
  const client = createBatchClient({ ...options, signal, onTrouble });
  await client.check();
  const resume = options.resume ? await openResumeFile(options.resume, options.model) : undefined;
  const pathWidth = paths.reduce((width, path) => Math.max(width, path.length), 0);
  const output = createRowsOutput(stdout, rowFormat(options.format, { ...options, pathWidth }));
  const progress = createProgress(stderr, { total: paths.length, isDumb });
  const known = { succeeded: 0, failed: 0, canceled: 0 };
  const made = { succeeded: 0, failed: 0, canceled: 0 };

  const isKnown = (picture: Picture) => {
    const status = resume?.statusOf(picture);
    if (!status) return false;
    known[status] += 1;
    progress.skip();
    return true;
  };
  const onRows = async (rows: Row[]) => {
    // First there, so that what was shown is never sent again.
    await resume?.append(rows);
    if (stdout.isTTY) progress.clear();
    await output.write(rows);
    for (const { status } of rows) made[status] += 1;
  };
  try {
    const chunks = pictureChunks(paths, { size: options.chunk, isKnown });
    const { model } = options;
    await classifyPictures({ chunks, client, model, onRows, onFinal: progress.add });
  } finally {
    const seconds = progress.end();
    if (stdout.writable) await output.end();
    await resume?.close();
    const [classified, failed] = [made.succeeded, made.failed + made.canceled];
    const earlier = known.succeeded + known.failed;
    const left = paths.length - earlier - classified - failed;
    progress.note(summaryText({ classified, failed, left, known: earlier, seconds }));
  }
  return made.failed + made.canceled + known.failed > 0 ? 1 : 0;
}
