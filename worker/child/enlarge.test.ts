import type { KernelEnum } from 'sharp';
import { describe, expect, it } from 'vitest';
import { enlarge } from './enlarge.ts';
import { planTaps } from './taps.ts';

/** A row of grey pixels, enlarged. */
function widen(row: number[], to: number, kernel: keyof KernelEnum): number[] {
  const from = row.length;
  const plan = planTaps({ from, to, start: 0, length: to }, kernel);
  const data = Uint8Array.from(row.flatMap((grey) => [grey, grey, grey]));
  const pixels = enlarge({ data, width: from, height: 1 }, plan);
  return Array.from({ length: to }, (_, x) => pixels.data[3 * x] ?? Number.NaN);
}

describe('a row of pixels is enlarged as Pillow does, to a step of 8 bits', () => {
  // Computed by Image.resize of Pillow 13.0.0.
  it.each<[keyof KernelEnum, number[]]>([
    ['nearest', [0, 0, 0, 100, 100, 40, 40, 40]],
    ['linear', [0, 6, 44, 81, 89, 66, 44, 40]],
    ['cubic', [0, 4, 43, 88, 97, 69, 42, 34]],
    ['lanczos3', [0, 5, 44, 88, 100, 73, 44, 26]],
  ])('%s', (kernel, expected) => {
    const off = widen([0, 100, 40], 8, kernel).map((x, at) => Math.abs(x - (expected[at] ?? -9)));
    expect(off).toHaveLength(8);
    expect(Math.max(...off)).toBeLessThanOrEqual(1);
  });
});

it('a column of pixels is enlarged as a row is', () => {
  const plan = planTaps({ from: 2, to: 4, start: 0, length: 4 }, 'linear');
  const data = Uint8Array.from([0, 0, 0, 100, 100, 100]);
  const { height, data: column } = enlarge({ data, width: 1, height: 2 }, undefined, plan);
  expect(height).toBe(4);
  expect([column[0], column[3], column[6], column[9]]).toEqual([0, 25, 75, 100]);
});

it('only the pixels that are needed are asked for', () => {
  const plan = planTaps({ from: 1000, to: 10_000, start: 5000, length: 10 }, 'cubic');
  expect(plan).toMatchObject({ start: 498, length: 5 });
});
