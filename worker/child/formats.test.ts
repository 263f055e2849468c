import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { imageFormats } from '../../shared/image-formats.ts';
import { type Colour, draw } from '../../test/pictures/draw.ts';
import { distance, type Picture, pixelsOf } from '../../test/pictures/pixels-of.ts';
import { readHeader } from './read-header.ts';

const red: Colour = [220, 30, 30];
const blue: Colour = [30, 30, 220];

/** Red over blue, 32 × 48. */
const picture = draw(32, 48, (_, y) => (y < 24 ? red : blue));

function expectRedOverBlue({ width, height, at }: Picture): void {
  expect([width, height]).toEqual([32, 48]);
  expect(distance(at(16, 8), red)).toBeLessThanOrEqual(6);
  expect(distance(at(16, 40), blue)).toBeLessThanOrEqual(6);
}

describe('every format that is taken is decoded', () => {
  it.each(imageFormats)('%s', async (format) => {
    const bytes = await picture.clone().toFormat(format, { quality: 95 }).toBuffer();
    expectRedOverBlue(await pixelsOf(bytes));
    const { image } = await readHeader(bytes, format, 10_000);
    expect(image).toEqual({ format, width: 32, height: 48 });
  });

  it.each([
    ['a progressive JPEG', () => picture.clone().jpeg({ progressive: true, quality: 95 })],
    ['an interlaced PNG', () => picture.clone().png({ progressive: true })],
    ['a lossless WebP', () => picture.clone().webp({ lossless: true })],
    ['a tiled TIFF', () => picture.clone().tiff({ tile: true, compression: 'deflate' })],
  ])('%s', async (_, encode) => {
    expectRedOverBlue(await pixelsOf(await encode().toBuffer()));
  });
});

describe('of many pictures in one the first is seen', () => {
  /** Two pages: red over blue, then all blue. */
  const pages = async () =>
    sharp(
      Buffer.concat([
        await picture.clone().raw().toBuffer(),
        await draw(32, 48, () => blue)
          .raw()
          .toBuffer(),
      ]),
      { raw: { width: 32, height: 96, channels: 3, pageHeight: 48 } },
    );

  it.each(['gif', 'webp', 'tiff'] as const)('%s', async (format) => {
    const bytes = await (await pages()).toFormat(format, { lossless: true }).toBuffer();
    expect((await sharp(bytes).metadata()).pages).toBe(2);
    expectRedOverBlue(await pixelsOf(bytes));
    expect((await readHeader(bytes, format, 10_000)).image).toMatchObject({
      width: 32,
      height: 48,
    });
  });
});
