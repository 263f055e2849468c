import type { KernelEnum } from 'sharp';
import type { AxisPlan } from './crop-window.ts';

/** How an axis is resized: the part of the picture that is needed, and for each pixel that is seen a weighted sum. */
export interface Taps {
  start: number;
  length: number;
  /** How many pixels make a sum, an even number; beyond the last that counts the weights are 0. */
  perPixel: number;
  /** The first pixel of each sum, from `start` on. */
  first: Int32Array;
  /** `perPixel` for each sum, which come to `WEIGHT_ONE`. */
  weights: Int16Array;
}

export const WEIGHT_BITS = 14;
export const WEIGHT_ONE = 1 << WEIGHT_BITS;

/** Pillow's filters, which Hugging Face's processors resize with: how far each reaches, and its weight there. */
const filters: Partial<Record<keyof KernelEnum, { reach: number; weight(x: number): number }>> = {
  linear: { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  cubic: { reach: 2, weight: (x) => cubic(Math.abs(x)) },
  lanczos3: { reach: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** As Pillow does; `from` may be a fraction, of a JPEG that is decoded at a fraction of its size. */
export function planTaps(
  { from, to, start, length }: Omit<AxisPlan, 'before'>,
  kernel: keyof KernelEnum,
): Taps {
  const filter = filters[kernel];
  const ratio = from / to;
  // A picture that is made smaller is filtered over as many more pixels.
  const stretch = Math.max(1, ratio);
  const reach = filter ? filter.reach * stretch : 0;
  const perPixel = filter ? 2 * Math.ceil(reach + 0.5) : 2;
  const last = Math.ceil(from) - 1;
  const first = new Int32Array(length);
  const weights = new Int16Array(length * perPixel);
  const exact = new Float64Array(perPixel);
  let end = 0;
  for (let pixel = 0; pixel < length; pixel++) {
    const middle = (start + pixel + 0.5) * ratio;
    // Without a filter the nearest one is taken.
    const begin = filter
      ? Math.max(0, Math.trunc(middle - reach + 0.5))
      : Math.min(last, Math.floor(middle));
    const count = filter ? Math.min(last + 1, Math.trunc(middle + reach + 0.5)) - begin : 1;
    for (let tap = 0; tap < count; tap++) {
      exact[tap] = filter ? filter.weight((begin + tap - middle + 0.5) / stretch) : 1;
    }
    round(exact, count, weights, pixel * perPixel);
    first[pixel] = begin;
    end = Math.max(end, begin + count);
  }
  const from0 = first[0] ?? 0;
  for (let pixel = 0; pixel < length; pixel++) first[pixel] = (first[pixel] ?? 0) - from0;
  return { start: from0, length: end - from0, perPixel, first, weights };
}

/**
 * So many weights to whole numbers, from `at` on, that sum up to one exactly, so that a plain colour stays as it is: the
 * largest takes the rest.
 */
function round(exact: Float64Array, count: number, weights: Int16Array, at: number): void {
  let sum = 0;
  for (let tap = 0; tap < count; tap++) sum += exact[tap] ?? 0;
  let rest = WEIGHT_ONE;
  let largest = at;
  for (let tap = 0; tap < count; tap++) {
    const weight = Math.round(((exact[tap] ?? 0) / sum) * WEIGHT_ONE);
    weights[at + tap] = weight;
    rest -= weight;
    if (weight > (weights[largest] ?? 0)) largest = at + tap;
  }
  weights[largest] = (weights[largest] ?? 0) + rest;
}

function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
