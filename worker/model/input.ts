import { loadWasm } from '../load-wasm.ts';
import { type Layout, tensorShape } from './layout.ts';
import type { Preprocessing } from './preprocessing.ts';

/** Pixels as 8-bit RGB, row by row. */
export interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
}

/** What `worker/wasm/tensor.c` exports, and the memory that it works in, which is all the caller's. */
interface Exports {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  write_channel(
    samples: number,
    to: number,
    pixels: number,
    step: number,
    scale: number,
    shift: number,
  ): void;
}

const FLOAT_BYTES = 4;
const PAGE_BYTES = 65_536;
/** What is read and written beyond the end. */
const SLACK_BYTES = 64;

/** A group of pictures as the model's input, of which there is one. */
export interface Input {
  /** Writes a picture, as the one at `place`, from 0: after those before it, and all in the same size. */
  put(pixels: Pixels, place: number): void;
  /** The tensor of `count` of them from `first` on. It is no more when the next group is written. */
  tensor(first: number, count: number): { data: Float32Array; dims: number[] };
}

/**
 * The model's input: pixels normalised to float32 in its layout, by WebAssembly, which takes a sixth of the time that
 * JavaScript does. Every group is written into the same memory.
 */
export function createInput({ scale, shift, channels }: Preprocessing, layout: Layout): Input {
  const { memory, write_channel } = loadWasm<Exports>('tensor');
  let shape = tensorShape(layout, 0, 0);
  let pixels = 0;
  return {
    put({ data, width, height }, place) {
      shape = tensorShape(layout, width, height);
      pixels = width * height;
      const tensor = 3 * FLOAT_BYTES * pixels * place;
      const samples = tensor + 3 * FLOAT_BYTES * pixels + SLACK_BYTES;
      const missing = samples + data.length + SLACK_BYTES - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
      new Uint8Array(memory.buffer, samples).set(data);
      // In this order, since one channel's end may be written into the next one's begin, and a picture's into the next.
      for (let channel = 0; channel < 3; channel++) {
        const from = samples + (channels[channel] ?? channel);
        const to = tensor + FLOAT_BYTES * channel * shape.channelStride;
        write_channel(
          from,
          to,
          pixels,
          shape.pixelStride,
          scale[channel] ?? 1,
          shift[channel] ?? 0,
        );
      }
    },
    tensor(first, count) {
      const start = 3 * FLOAT_BYTES * pixels * first;
      return {
        data: new Float32Array(memory.buffer, start, 3 * pixels * count),
        dims: [count, ...shape.dims],
      };
    },
  };
}
