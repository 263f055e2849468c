import { type Layout, tensorShape } from './layout.ts';
import type { Preprocessing } from './preprocessing.ts';

/** Pixels as 8-bit RGB, row by row. */
export interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
}

/**
 * A writer of pixels into the model's input: normalised float32 in its layout. A table of 256 values a channel.
 * Every picture is written into the same memory, which a picture of 224 × 224 would else spend half its time on.
 */
export function createTensorWriter({ scale, shift, channels }: Preprocessing, layout: Layout) {
  const [first, second, third] = [0, 1, 2].map((channel) => ({
    table: Float32Array.from(
      { length: 256 },
      (_, x) => x * (scale[channel] ?? 1) + (shift[channel] ?? 0),
    ),
    from: channels[channel] ?? channel,
  })) as [Channel, Channel, Channel];
  let tensor = new Float32Array(0);
  return ({ data, width, height }: Pixels): { data: Float32Array; dims: number[] } => {
    const { dims, channelStride, pixelStride } = tensorShape(layout, width, height);
    const samples = 3 * width * height;
    if (tensor.length !== samples) tensor = new Float32Array(samples);
    let to = 0;
    for (let pixel = 0; pixel < samples; pixel += 3) {
      tensor[to] = normalized(first, data, pixel);
      tensor[to + channelStride] = normalized(second, data, pixel);
      tensor[to + 2 * channelStride] = normalized(third, data, pixel);
      to += pixelStride;
    }
    return { data: tensor, dims };
  };
}

interface Channel {
  table: Float32Array;
  from: number;
}

function normalized({ table, from }: Channel, data: Uint8Array, pixel: number): number {
  return table[data[pixel + from] as number] as number;
}
