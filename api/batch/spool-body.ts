import { close, open, write, writev } from 'node:fs';
import { mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { uuidv7 } from 'uuidv7';
import { PublicError } from '../../shared/errors.ts';
import { collectYoung } from './collect-young.ts';
import type { UploadBody } from './upload-body.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const writeFile = promisify(write);
const writeEach = promisify(writev);

/** Written at once, since each write wakes two threads; a connection gives 64 KiB at a time. */
const PIECE_BYTES = 2 ** 20;

export interface SpooledBody {
  fd: number;
  size: number;
}

/**
 * Writes an upload to a file and gives its descriptor, which the caller closes. The file has no name any more by then,
 * so that it is gone with the descriptor, also when the process is killed.
 */
export async function spoolBody(body: UploadBody, spoolDir: string): Promise<SpooledBody> {
  try {
    const fd = await openNameless(spoolDir);
    try {
      let size = 0;
      const collect = collectYoung();
      for await (const chunks of collectChunks(body.chunks())) {
        const written = await writeAll(fd, chunks);
        collect(written);
        size += written;
      }
      return { fd, size };
    } catch (error) {
      await closeFile(fd);
      throw error;
    }
  } catch (error) {
    if (error instanceof PublicError) throw error;
    const detail = 'Expected room on disk for the zip but there is none. Send a tar, or try later.';
    throw new PublicError('unavailable', detail, { cause: error });
  }
}

async function openNameless(spoolDir: string): Promise<number> {
  await mkdir(spoolDir, { recursive: true, mode: 0o700 });
  const path = join(spoolDir, `darkroom-${uuidv7()}.zip`);
  const fd = await openFile(path, 'wx+', 0o600);
  await unlink(path);
  return fd;
}

async function* collectChunks(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer[]> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < PIECE_BYTES) continue;
    yield held;
    held = [];
    heldBytes = 0;
  }
  if (heldBytes > 0) yield held;
}

/** Gives how many bytes they were. A write may take less than it is given, as on a disk that is just filling up. */
async function writeAll(fd: number, chunks: Buffer[]): Promise<number> {
  let { bytesWritten } = await writeEach(fd, chunks);
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  while (bytesWritten < size) {
    const rest = Buffer.concat(chunks).subarray(bytesWritten);
    bytesWritten += (await writeFile(fd, rest)).bytesWritten;
  }
  return size;
}
