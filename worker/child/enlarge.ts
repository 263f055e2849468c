import type { Pixels } from '../model/input.ts';
import { type Taps, WEIGHT_BITS, WEIGHT_ONE } from './taps.ts';

/**
 * Enlarges along x, along y, or both; rounded to 8 bits after each, as Pillow does. libvips enlarges with another idea
 * of where a pixel's middle is, half a pixel off; so this is done here.
 */
export function enlarge({ data, width, height }: Pixels, x?: Taps, y?: Taps): Pixels {
  const wide = x ? weigh(data, x, height, 3) : data;
  const wideWidth = x?.first.length ?? width;
  const high = y ? weigh(wide, y, 1, 3 * wideWidth) : wide;
  return { data: high, width: wideWidth, height: y?.first.length ?? height };
}

/** Data of `groups` groups, each of elements of `size` bytes one after another: every sum is an element. */
function weigh(data: Uint8Array, { first, perPixel, weights }: Taps, groups: number, size: number) {
  const groupLength = data.length / groups;
  const sums = new Uint8ClampedArray(groups * first.length * size);
  let to = 0;
  for (let group = 0; group < groups; group++) {
    for (let element = 0; element < first.length; element++) {
      const from = group * groupLength + (first[element] as number) * size;
      for (let byte = 0; byte < size; byte++) {
        let sum = WEIGHT_ONE / 2;
        for (let tap = 0; tap < perPixel; tap++) {
          // Beyond the data's end stand only weights of 0.
          const sample = data[from + tap * size + byte] ?? 0;
          sum += sample * (weights[element * perPixel + tap] as number);
        }
        sums[to++] = sum >> WEIGHT_BITS;
      }
    }
  }
  return new Uint8Array(sums.buffer);
}
