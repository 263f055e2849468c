import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { projectRoot } from '../../shared/project-root.ts';
import { type Colour, draw } from '../../test/pictures/draw.ts';
import { distance, pixelsOf } from '../../test/pictures/pixels-of.ts';

const black: Colour = [0, 0, 0];
const white: Colour = [255, 255, 255];
const rules = { size: { shortest_edge: 256 }, crop_size: 224, resample: 3 };

/** Black in the upper or left half, white in the other. */
function halves(width: number, height: number): Promise<Buffer> {
  const isWhite = (x: number, y: number) => (width > height ? x >= width / 2 : y >= height / 2);
  return draw(width, height, (x, y) => (isWhite(x, y) ? white : black))
    .png()
    .toBuffer();
}

it('a picture of one pixel fills the input', async () => {
  const png = await draw(1, 1, () => [9, 99, 199])
    .png()
    .toBuffer();
  const { width, height, at } = await pixelsOf(png, rules);
  expect([width, height]).toEqual([224, 224]);
  expect([at(0, 0), at(223, 223)]).toEqual([
    [9, 99, 199],
    [9, 99, 199],
  ]);
});

it.each([
  [1, 30_000],
  [5, 4000],
  [200, 20_000],
  [300, 20_000],
])('of a picture of %i × %i or turned the middle is seen', async (short, long) => {
  const upright = await pixelsOf(await halves(short, long), rules);
  expect(distance(upright.at(9, 0), black)).toBeLessThanOrEqual(10);
  expect(distance(upright.at(9, 223), white)).toBeLessThanOrEqual(10);
  const lying = await pixelsOf(await halves(long, short), rules);
  expect(distance(lying.at(0, 9), black)).toBeLessThanOrEqual(10);
  expect(distance(lying.at(223, 9), white)).toBeLessThanOrEqual(10);
});

it.each([
  [1, 30_000],
  [5, 4000],
  [700, 7000],
])('all of a picture of %i × %i is squeezed into a square', async (width, height) => {
  const { at } = await pixelsOf(await halves(width, height), { size: 224 });
  expect([at(9, 3), at(9, 100), at(9, 123), at(9, 220)]).toEqual([black, black, white, white]);
});

it.each([
  ['enlarged', 50, 400],
  ['made smaller', 500, 4000],
])('the middle of a picture that is %s is as in the whole', async (_, width, height) => {
  const picture = await draw(width, height, (x, y) => [(40 * x) % 256, (y * 97) % 256, y % 256])
    .png()
    .toBuffer();
  const middle = await pixelsOf(picture, { ...rules, size: { shortest_edge: 100 }, crop_size: 90 });
  const whole = await pixelsOf(picture, { size: { height: 800, width: 100 }, resample: 3 });
  for (const [x, y] of [
    [0, 0],
    [40, 57],
    [89, 89],
  ] as const) {
    expect(middle.at(x, y)).toEqual(whole.at(5 + x, 355 + y));
  }
});

it('a large JPEG is nearly the same as when it is decoded whole', async () => {
  const large = await sharp(readFileSync(join(projectRoot(), 'test', 'pictures', 'coffee.jpg')))
    .resize(2400)
    .jpeg({ quality: 95 })
    .toBuffer();
  const rules = { size: { shortest_edge: 256 }, crop_size: 224, resample: 3 };
  const shrunk = await pixelsOf(large, rules);
  const whole = await pixelsOf(await sharp(large).png().toBuffer(), rules);
  const places = Array.from({ length: 224 }, (_, at) => [at, (at * 11) % 224] as const);
  const apart = places.map(([x, y]) => distance(shrunk.at(x, y), whole.at(x, y)));
  expect(apart.reduce((a, b) => a + b, 0) / apart.length).toBeLessThan(2);
});
