import { sniffFormat } from '../../shared/image-formats.ts';
import { decodeImage } from '../../worker/child/decode-image.ts';
import { parsePreprocessing } from '../../worker/model/preprocessing.ts';
import type { Colour } from './draw.ts';

export interface Picture {
  width: number;
  height: number;
  at(x: number, y: number): Colour;
}

/** The pixels that a child makes of an image's bytes; all of them and as they are, unless it is told otherwise. */
export async function pixelsOf(
  bytes: Uint8Array,
  preprocessor: Record<string, unknown> = { do_resize: false },
): Promise<Picture> {
  const sniffed = sniffFormat(bytes);
  if (!sniffed.taken) throw new Error('The bytes are no image that is taken.');
  const preprocessing = parsePreprocessing('preprocessor_config.json', preprocessor);
  const { pixels } = await decodeImage(bytes, sniffed.format, {
    preprocessing,
    maxPixels: 50_000_000,
  });
  const { width, height } = pixels;
  const data = Uint8Array.from(pixels.data);
  const sample = (index: number) => data[index] ?? Number.NaN;
  return {
    width,
    height,
    at(x, y) {
      const first = 3 * (y * width + x);
      return [sample(first), sample(first + 1), sample(first + 2)];
    },
  };
}

/** How far two colours are apart, in the channel where they are farthest. */
export function distance(a: Colour, b: Colour): number {
  return Math.max(...a.map((sample, channel) => Math.abs(sample - (b[channel] ?? 0))));
}
