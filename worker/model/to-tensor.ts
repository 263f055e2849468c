import { type Layout, tensorShape } from './layout.ts';
import type { Preprocessing } from './preprocessing.ts';

/** Pixels as 8-bit RGB, row by row. */
export interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
}

/** A writer of pixels into the model's input: normalised float32 in its layout. A table of 256 values a channel. */
export function createTensorWriter({ scale, shift, channels }: Preprocessing, layout: Layout) {
  const tables = [0, 1, 2].map((channel) =>
    Float32Array.from({ length: 256 }, (_, x) => x * (scale[channel] ?? 1) + (shift[channel] ?? 0)),
  );
  return ({ data, width, height }: Pixels): { data: Float32Array; dims: number[] } => {
    const { dims, channelStride, pixelStride } = tensorShape(layout, width, height);
    const tensor = new Float32Array(3 * width * height);
    for (const [channel, table] of tables.entries()) {
      let to = channel * channelStride;
      for (let from = channels[channel] ?? channel; from < data.length; from += 3) {
        tensor[to] = table[data[from] as number] as number;
        to += pixelStride;
      }
    }
    return { data: tensor, dims };
  };
}
