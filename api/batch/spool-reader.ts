import { close, read } from 'node:fs';
import { promisify } from 'node:util';
import { RandomAccessReader } from 'yauzl';
import { collectYoung } from './collect-young.ts';

const readFile = promisify(read);

/** Read at once: several pictures as a rule, since each read wakes two threads. */
const WINDOW_BYTES = 2 ** 20;
/** One moves along the zip's directory, and one along its members. */
const WINDOWS = 2;

interface Window {
  start: number;
  bytes: Buffer;
}

/**
 * Gives yauzl a file that is open, and closes it in the end. A place outside the file, as a hostile zip may name, is an
 * error like another: `fs.read` would throw it, with yauzl's own reader out of a callback, where nobody catches it.
 */
export class SpoolReader extends RandomAccessReader {
  readonly #fd: number;
  readonly #size: number;
  /** What was read last, the newest first. */
  #windows: Window[] = [];
  readonly #collect = collectYoung();

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
    this.#window(position, length).then(
      ({ start, bytes }) => {
        bytes.copy(buffer, offset, position - start, position - start + length);
        done(null);
      },
      (error: Error) => done(error),
    );
  }

  /** The bytes of a range, in pieces that are not to be written to. Throws where it is not within the file. */
  async *pieces(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; ) {
      const window = await this.#window(at, 1);
      const piece = window.bytes.subarray(at - window.start, end - window.start);
      at += piece.length;
      yield piece;
    }
  }

  override close(done: (error: Error | null) => void): void {
    close(this.#fd, done);
  }

  /** The window that holds a range, of at most WINDOW_BYTES. */
  async #window(position: number, length: number): Promise<Window> {
    const holds = ({ start, bytes }: Window) =>
      start <= position && position + length <= start + bytes.length;
    const window = this.#windows.find(holds) ?? (await this.#load(position, length));
    const others = this.#windows.filter((other) => other !== window);
    this.#windows = [window, ...others].slice(0, WINDOWS);
    return window;
  }

  async #load(start: number, length: number): Promise<Window> {
    const left = this.#size - start;
    if (!(start >= 0 && length <= left)) throw new Error('outside the file');
    this.#collect(WINDOW_BYTES);
    const bytes = Buffer.allocUnsafeSlow(Math.min(WINDOW_BYTES, left));
    const { bytesRead } = await readFile(this.#fd, bytes, 0, bytes.length, start);
    if (bytesRead < length) throw new Error('the file is too short');
    return { start, bytes: bytes.subarray(0, bytesRead) };
  }
}
