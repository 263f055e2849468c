import { close, read } from 'node:fs';
import { Readable } from 'node:stream';
import { RandomAccessReader } from 'yauzl';

/** Read at once: a picture as a rule, since each read wakes two threads. */
const PIECE_BYTES = 2 ** 20;

/**
 * Gives yauzl a file that is open, and closes it in the end. A place outside the file, as a hostile zip may name, is an
 * error like another: `fs.read` would throw it, with yauzl's own reader out of a callback, where nobody catches it.
 */
export class SpoolReader extends RandomAccessReader {
  readonly #fd: number;
  readonly #size: number;

  constructor(fd: number, size: number) {
    super();
    this.#fd = fd;
    this.#size = size;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    if (!(position >= 0 && position + length <= this.#size)) {
      setImmediate(done, new Error('outside the file'));
      return;
    }
    read(this.#fd, buffer, offset, length, position, (error, bytesRead) => {
      done(error ?? (bytesRead < length ? new Error('the file is too short') : null));
    });
  }

  /** yauzl asks for ranges within the file only. Node's own stream would close the file when it is destroyed. */
  override _readStreamForRange(start: number, end: number): Readable {
    const fd = this.#fd;
    let at = start;
    return new Readable({
      read() {
        const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, end - at));
        read(fd, piece, 0, piece.length, at, (error, bytesRead) => {
          at += bytesRead;
          if (error) this.destroy(error);
          else this.push(bytesRead > 0 ? piece.subarray(0, bytesRead) : null);
        });
      },
    });
  }

  override close(done: (error: Error | null) => void): void {
    close(this.#fd, done);
  }
}
