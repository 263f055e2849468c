import type { IncomingMessage } from 'node:http';
import { PublicError } from '../../shared/errors.ts';
import { gatherBytes } from './gather-bytes.ts';
import type { HeldUpload } from './upload-memory.ts';

export interface ReadLimits {
  /** Longest body, in bytes. */
  bytes: number;
  tooLarge: () => PublicError;
  held: HeldUpload;
}

/**
 * Reads a body whole, at most `limit` bytes of it. Throws `image_too_large` at the first byte past the limit, so that
 * what was announced wrongly or not at all is not read to its end; the rest is left in the stream.
 */
export function readBytes(
  body: IncomingMessage,
  { bytes: limit, tooLarge, held }: ReadLimits,
): Promise<Buffer> {
  // By events, since an iterator over the stream costs as much as all the rest of reading it.
  return new Promise((resolve, reject) => {
    const gathering = gatherBytes(limit, Number(body.headers['content-length'] ?? 0));
    const stop = () => {
      body.off('data', take).off('end', end).off('error', fail).off('close', fail);
    };
    const refuse = (error: PublicError) => {
      stop();
      gathering.take();
      body.pause();
      reject(error);
    };
    const take = (chunk: Buffer) => {
      gathering.add(chunk);
      if (gathering.isTooLarge) refuse(tooLarge());
      else held.add(chunk.length);
    };
    const end = () => {
      stop();
      resolve(gathering.take());
    };
    const fail = (cause?: Error) => {
      stop();
      reject(new PublicError('upload_aborted', undefined, { cause }));
    };
    held.onEvicted(refuse);
    if (body.closed) fail();
    else body.on('data', take).on('end', end).on('error', fail).on('close', fail);
  });
}
