import type { Readable } from 'node:stream';
import { PublicError } from '../../shared/errors.ts';

/**
 * Reads a body whole, at most `limit` bytes of it. Throws `image_too_large` at the first byte past the limit, so that
 * what was announced wrongly or not at all is not read to its end; the rest is left in the stream.
 */
export async function readBytes(
  body: Readable,
  limit: number,
  tooLarge: () => PublicError,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Destroying the stream would end the connection before the answer is sent.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > limit) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof PublicError) throw error;
    throw new PublicError('upload_aborted', undefined, { cause: error });
  }
  return Buffer.concat(chunks, size);
}
