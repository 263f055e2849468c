import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { PublicError } from '../../shared/errors.ts';
import { malformedArchive } from './malformed-archive.ts';
import { openBody, type UploadBody } from './upload-body.ts';

/**
 * What a gzipped upload inflates to, all of it that arrived. Then throws `malformed_archive` where it was cut or
 * damaged, and `batch_too_large` past the limit.
 */
export async function* readGzip(body: UploadBody, maxBatchBytes: number): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  let failure: unknown;
  async function* source() {
    try {
      yield* body.chunks();
    } catch (error) {
      // As an end, it lets out what was inflated before it.
      failure = error;
    }
  }
  pipeline(Readable.from(source(), { objectMode: false }), gunzip, () => undefined);
  try {
    yield* openBody(gunzip, maxBatchBytes).chunks();
  } catch (error) {
    const isTooLarge = error instanceof PublicError && error.code === 'batch_too_large';
    throw failure ?? (isTooLarge ? error : malformedArchive(error));
  } finally {
    gunzip.destroy();
  }
  if (failure) throw failure;
}
