import type { KernelEnum } from 'sharp';
import type { Pixels } from '../model/to-tensor.ts';
import type { AxisPlan } from './crop-window.ts';

/** An axis that grows: the part of the picture that is needed, and for each pixel that is seen its weighted sum. */
export interface Enlargement {
  start: number;
  length: number;
  taps: { first: number; weights: number[] }[];
}

/** Pillow's filters, which Hugging Face's processors resize with: how far each reaches, and its weight there. */
const filters: Partial<Record<keyof KernelEnum, { reach: number; weight(x: number): number }>> = {
  linear: { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  cubic: { reach: 2, weight: (x) => cubic(Math.abs(x)) },
  lanczos3: { reach: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** libvips enlarges with another idea of where a pixel's middle is, half a pixel off; so this is done here. */
export function planEnlargement(axis: AxisPlan, kernel: keyof KernelEnum): Enlargement {
  const taps = Array.from({ length: axis.length }, (_, index) => {
    const middle = ((axis.start + index + 0.5) * axis.from) / axis.to;
    return tapsAt(middle, axis.from, filters[kernel]);
  });
  const start = Math.min(...taps.map(({ first }) => first));
  const end = Math.max(...taps.map(({ first, weights }) => first + weights.length));
  return {
    start,
    length: end - start,
    taps: taps.map(({ first, weights }) => ({ first: first - start, weights })),
  };
}

function tapsAt(middle: number, count: number, filter: (typeof filters)['cubic']) {
  // Without a filter the nearest one is taken.
  if (!filter) return { first: Math.min(count - 1, Math.floor(middle)), weights: [1] };
  const first = Math.max(0, Math.trunc(middle - filter.reach + 0.5));
  const end = Math.min(count, Math.trunc(middle + filter.reach + 0.5));
  const weights = Array.from({ length: end - first }, (_, tap) =>
    filter.weight(first + tap - middle + 0.5),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  return { first, weights: weights.map((weight) => weight / sum) };
}

/** Enlarges along x, along y, or both; rounded to 8 bits after each, as Pillow does. */
export function enlarge({ data, width, height }: Pixels, x?: Enlargement, y?: Enlargement): Pixels {
  const wide = x ? weigh(data, x, height, 3) : data;
  const wideWidth = x?.taps.length ?? width;
  const high = y ? weigh(wide, y, 1, 3 * wideWidth) : wide;
  return { data: high, width: wideWidth, height: y?.taps.length ?? height };
}

/** Data of `groups` groups, each of elements of `size` bytes one after another: every tap's sum is an element. */
function weigh(data: Uint8Array, { taps }: Enlargement, groups: number, size: number): Uint8Array {
  const groupLength = data.length / groups;
  const sums = new Uint8ClampedArray(groups * taps.length * size);
  let to = 0;
  for (let group = 0; group < groups; group++) {
    for (const { first, weights } of taps) {
      const from = group * groupLength + first * size;
      for (let byte = 0; byte < size; byte++) {
        let sum = 0;
        for (let tap = 0; tap < weights.length; tap++) {
          sum += (data[from + tap * size + byte] as number) * (weights[tap] as number);
        }
        sums[to++] = sum;
      }
    }
  }
  return new Uint8Array(sums.buffer);
}

function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
