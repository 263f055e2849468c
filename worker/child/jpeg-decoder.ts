import { loadWasm } from '../load-wasm.ts';
import type { Taps } from './taps.ts';

/** A part of a JPEG, as it is stored: decoded at `eighths` of its size, resized, and put where the steps say. */
export interface JpegPart {
  image: Uint8Array;
  /** 1, 2, 4 or 8. */
  eighths: number;
  /** The whole picture's size in pixels at `eighths`. */
  width: number;
  height: number;
  x: Taps;
  y: Taps;
  /** Where the first pixel goes in the answer, and how far it is to the next along x and along y, in bytes. */
  at: number;
  xStep: number;
  yStep: number;
}

export interface JpegDecoder {
  /** Decodes; `resize` may follow. Undefined where the picture is not plain and whole, or takes too much memory. */
  decode(part: JpegPart): true | undefined;
  /** 8-bit RGB of `x` by `y`, in memory that the next call uses again; undefined where it takes too much of it. */
  resize(): Uint8Array | undefined;
}

/** What `worker/wasm/decode.c` exports. */
interface Exports {
  memory: { readonly buffer: ArrayBuffer };
  __stack_pointer: { value: number };
  begin(): void;
  reserve(bytes: number): number;
  decode(request: number): number;
  resize(lines: number, request: number): number;
}

/**
 * libjpeg-turbo as WebAssembly (`worker/wasm/`), which can touch nothing but its own memory of at most 64 MiB: whatever
 * a hostile file makes it do ends in a trap at worst.
 */
export function createJpegDecoder(): JpegDecoder {
  const wasm = loadWasm<Exports>('jpeg');
  const stackTop = wasm.__stack_pointer.value;
  let decoded = { lines: 0, request: 0, length: 0 };

  function store(data: Uint8Array): number {
    const address = wasm.reserve(data.byteLength);
    new Uint8Array(wasm.memory.buffer, address).set(data);
    return address;
  }

  function storeAxis({ start, length, perPixel, first, weights }: Taps): number[] {
    return [start, length, first.length, perPixel, store(bytesOf(first)), store(bytesOf(weights))];
  }

  return {
    decode(part) {
      // A trap leaves the stack as it was.
      wasm.__stack_pointer.value = stackTop;
      wasm.begin();
      return untilTrap(() => {
        const request = store(
          bytesOf(
            Int32Array.of(
              store(part.image),
              ...[part.image.byteLength, part.width, part.height, part.eighths],
              ...storeAxis(part.x),
              ...storeAxis(part.y),
              ...[part.at, part.xStep, part.yStep],
            ),
          ),
        );
        const length = 3 * part.x.first.length * part.y.first.length;
        decoded = { lines: wasm.decode(request), request, length };
        return true;
      });
    },
    resize() {
      return untilTrap(() => {
        const address = wasm.resize(decoded.lines, decoded.request);
        return new Uint8Array(wasm.memory.buffer, address, decoded.length);
      });
    },
  };
}

function untilTrap<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return undefined;
    throw error;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Int16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
