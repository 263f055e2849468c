import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { PublicError } from '../../shared/errors.ts';
import { liftDeadline } from '../request-deadline.ts';

/** How long an upload may send nothing while bytes are wanted, in milliseconds. */
const IDLE_MS = 60_000;

export interface TappedBody {
  body: Transform;
  /** Reads what is left of a hashed body, at most so many bytes in all, and gives the SHA-256 of the whole in hex. */
  digest(maxBytes: number): Promise<string>;
  /** Lets the rest of the request go. */
  release(): void;
}

/**
 * A request's body that ends with `upload_aborted` where the sender goes, or falls silent, and whose hash can be asked
 * for at the end where it `isHashed`. Silence counts only while bytes are wanted: an upload may be held up for as long as there is no room.
 */
export function tapBody(
  request: IncomingMessage,
  { isHashed = false, idleMs = IDLE_MS } = {},
): TappedBody {
  const hash = isHashed ? createHash('sha256') : undefined;
  let received = 0;
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      hash?.update(chunk);
      done(null, chunk);
    },
  });
  const abort = (cause?: unknown) =>
    body.destroy(new PublicError('upload_aborted', undefined, { cause }));
  request.on('error', abort);
  request.once('close', () => {
    if (!request.complete) abort();
  });
  liftDeadline(request);
  request.setTimeout(idleMs, () => {
    if (body.writableNeedDrain) request.setTimeout(idleMs);
    else abort();
  });
  // What has arrived may be worked on for longer than that.
  request.once('end', () => request.setTimeout(0));
  // The sender may have gone before anyone listened.
  if (request.destroyed && !request.complete) abort();
  else request.pipe(body);
  return {
    body,
    async digest(maxBytes) {
      if (!hash) throw new Error('Expected a body that is hashed.');
      for await (const _chunk of body) {
        if (received > maxBytes) {
          throw new PublicError(
            'batch_too_large',
            `Expected at most ${maxBytes} bytes but received more.`,
          );
        }
      }
      return hash.digest('hex');
    },
    release() {
      request.setTimeout(0);
      body.destroy();
    },
  };
}
