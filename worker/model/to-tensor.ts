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

/**
 * A writer of pixels into the model's input: normalised float32 in its layout, as WebAssembly, which takes a sixth of
 * the time that JavaScript does. Every picture is written into the same memory, which the last one's tensor is then no more.
 */
export function createTensorWriter({ scale, shift, channels }: Preprocessing, layout: Layout) {
  const { memory, write_channel } = loadWasm<Exports>('tensor');
  return ({ data, width, height }: Pixels): { data: Float32Array; dims: number[] } => {
    const { dims, channelStride, pixelStride } = tensorShape(layout, width, height);
    const pixels = width * height;
    const samples = 3 * FLOAT_BYTES * pixels + SLACK_BYTES;
    const missing = samples + data.length + SLACK_BYTES - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    new Uint8Array(memory.buffer, samples).set(data);
    // In this order, since one channel's end may be written into the next one's begin.
    for (let channel = 0; channel < 3; channel++) {
      const from = samples + (channels[channel] ?? channel);
      const to = FLOAT_BYTES * channel * channelStride;
      write_channel(from, to, pixels, pixelStride, scale[channel] ?? 1, shift[channel] ?? 0);
    }
    return { data: new Float32Array(memory.buffer, 0, 3 * pixels), dims };
  };
}
