import type { Readable } from 'node:stream';
import { PublicError } from '../../shared/errors.ts';

/** The bytes of an upload, read from its connection as they are asked for. */
export interface UploadBody {
  /** The next bytes, or undefined at the end. Throws `upload_aborted`, and `batch_too_large` past the limit. */
  next(): Promise<Buffer | undefined>;
  /** The first bytes, which `next` still gives; fewer only where there are no more. */
  peek(bytes: number): Promise<Buffer>;
  /** All that `next` gives. */
  chunks(): AsyncGenerator<Buffer>;
  /** Ends a `next` that is still waiting, so that whoever reads the rest of the stream has it for himself. */
  stop(): void;
}

export function openBody(stream: Readable, maxBatchBytes: number): UploadBody {
  // A connection that breaks while nothing is asked for must not take the process with it.
  stream.on('error', () => undefined);
  const held: Buffer[] = [];
  const stopping = new AbortController();
  let size = 0;

  async function read(): Promise<Buffer | undefined> {
    while (!stopping.signal.aborted) {
      // A stream that broke still gives what it had.
      const chunk: Buffer | null = stream.read();
      if (chunk) {
        size += chunk.length;
        if (size > maxBatchBytes) throw batchTooLarge(maxBatchBytes);
        return chunk;
      }
      if (stream.readableEnded) return undefined;
      if (stream.destroyed || stream.errored) throw aborted(stream.errored);
      await changed(stream, stopping.signal);
    }
    return undefined;
  }

  const next = async () => held.shift() ?? read();
  return {
    next,
    async peek(bytes) {
      let heldBytes = held.reduce((sum, { length }) => sum + length, 0);
      while (heldBytes < bytes) {
        const chunk = await read();
        if (!chunk) break;
        held.push(chunk);
        heldBytes += chunk.length;
      }
      return Buffer.concat(held, Math.min(bytes, heldBytes));
    },
    async *chunks() {
      for (let chunk = await next(); chunk; chunk = await next()) yield chunk;
    },
    stop: () => stopping.abort(),
  };
}

export function batchTooLarge(maxBatchBytes: number): PublicError {
  return new PublicError(
    'batch_too_large',
    `Expected at most ${maxBatchBytes} bytes for the batch but received more.`,
  );
}

/** Listens only while it waits: a listener that stays would hold up whoever resumes the stream afterwards. */
function changed(stream: Readable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const events = ['readable', 'end', 'error', 'close'];
    const done = () => {
      for (const event of events) stream.off(event, done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
    signal.addEventListener('abort', done);
  });
}

function aborted(cause: unknown): PublicError {
  return cause instanceof PublicError
    ? cause
    : new PublicError('upload_aborted', undefined, { cause });
}
