import type { Readable } from 'node:stream';
import { PublicError } from '../../shared/errors.ts';

/**
 * Reads a body whole, at most `limit` bytes of it. Throws `image_too_large` at the first byte past the limit, so that
 * what was announced wrongly or not at all is not read to its end; the rest is left in the stream.
 */
export function readBytes(
  body: Readable,
  limit: number,
  tooLarge: () => PublicError,
): Promise<Buffer> {
  // By events, since an iterator over the stream costs as much as all the rest of reading it.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = () => {
      body.off('data', take).off('end', end).off('error', fail).off('close', fail);
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) {
        chunks.push(chunk);
        return;
      }
      stop();
      body.pause();
      reject(tooLarge());
    };
    const end = () => {
      stop();
      resolve(Buffer.concat(chunks, size));
    };
    const fail = (cause?: Error) => {
      stop();
      reject(new PublicError('upload_aborted', undefined, { cause }));
    };
    if (body.closed) fail();
    else body.on('data', take).on('end', end).on('error', fail).on('close', fail);
  });
}
