import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { type Colour, draw } from '../../test/pictures/draw.ts';
import { distance, pixelsOf } from '../../test/pictures/pixels-of.ts';

/** The one colour of a picture of 4 × 4 pixels. */
async function colourOf(bytes: Uint8Array): Promise<Colour> {
  const picture = await pixelsOf(bytes);
  expect([picture.width, picture.height]).toEqual([4, 4]);
  return picture.at(1, 2);
}

function transparent(alpha: number, colour: Colour): Sharp {
  const data = Buffer.alloc(4 * 16, Buffer.from([...colour, alpha]));
  return sharp(data, { raw: { width: 4, height: 4, channels: 4 } });
}

describe('what is seen through is seen on white', () => {
  it.each<[number, Colour]>([
    [0, [255, 255, 255]],
    [128, [127, 127, 127]],
    [255, [0, 0, 0]],
  ])('black of opacity %i', async (alpha, expected) => {
    const picture = transparent(alpha, [0, 0, 0]);
    expect(distance(await colourOf(await picture.clone().png().toBuffer()), expected)).toBe(0);
    const webp = await picture.clone().webp({ lossless: true }).toBuffer();
    expect(distance(await colourOf(webp), expected)).toBeLessThanOrEqual(1);
    const palette = await picture.clone().png({ palette: true }).toBuffer();
    expect(distance(await colourOf(palette), expected)).toBeLessThanOrEqual(1);
  });

  it('grey with alpha', async () => {
    const data = Buffer.alloc(2 * 16, Buffer.from([0, 51]));
    const picture = sharp(data, { raw: { width: 4, height: 4, channels: 2 } });
    expect(await colourOf(await picture.png().toBuffer())).toEqual([204, 204, 204]);
  });

  it('16 bits with alpha', async () => {
    const picture = transparent(0, [10, 20, 30]).toColourspace('rgb16').png();
    expect(await colourOf(await picture.toBuffer())).toEqual([255, 255, 255]);
  });

  it('a GIF’s transparent pixels', async () => {
    const gif = await transparent(0, [10, 20, 30]).gif().toBuffer();
    expect(await colourOf(gif)).toEqual([255, 255, 255]);
  });
});

describe('every kind of colour comes to 8 bits of red, green and blue', () => {
  const colour: Colour = [200, 100, 50];
  const solid = draw(4, 4, () => colour);
  const grey: Colour = [77, 77, 77];

  it.each(['srgb', 'p3'])('16 bits with the profile %s', async (profile) => {
    const picture = solid.clone().withIccProfile(profile).toColourspace('rgb16').png();
    const bytes = await picture.toBuffer();
    expect(await sharp(bytes).metadata()).toMatchObject({ depth: 'ushort', hasProfile: true });
    expect(distance(await colourOf(bytes), colour)).toBeLessThanOrEqual(3);
  });

  it('grey of 8 bits', async () => {
    const picture = draw(4, 4, () => grey).toColourspace('b-w');
    expect(await colourOf(await picture.clone().png().toBuffer())).toEqual(grey);
    const jpeg = await picture.clone().jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(jpeg).metadata()).channels).toBe(1);
    expect(distance(await colourOf(jpeg), grey)).toBeLessThanOrEqual(1);
  });

  it('grey of 16 bits', async () => {
    const png = await draw(4, 4, () => grey)
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect(await sharp(png).metadata()).toMatchObject({ channels: 1, depth: 'ushort' });
    expect(distance(await colourOf(png), grey)).toBeLessThanOrEqual(1);
  });

  it('colour of 16 bits', async () => {
    const png = await solid.clone().toColourspace('rgb16').png().toBuffer();
    expect(await sharp(png).metadata()).toMatchObject({ channels: 3, depth: 'ushort' });
    expect(distance(await colourOf(png), colour)).toBeLessThanOrEqual(1);
  });

  it('black and white of one bit', async () => {
    const picture = draw(4, 4, () => [255, 255, 255]).toColourspace('b-w');
    const png = await picture.clone().png({ palette: true, colours: 2 }).toBuffer();
    expect(await colourOf(png)).toEqual([255, 255, 255]);
    const tiff = await picture.clone().tiff({ bitdepth: 1 }).toBuffer();
    expect(await colourOf(tiff)).toEqual([255, 255, 255]);
  });

  it('a palette', async () => {
    const png = await solid.clone().png({ palette: true }).toBuffer();
    expect((await sharp(png).metadata()).isPalette).toBe(true);
    expect(distance(await colourOf(png), colour)).toBeLessThanOrEqual(1);
  });

  // Ink has no numbers of its own for a colour: what comes back is near, white is white.
  it.each<[Colour, number]>([
    [[255, 255, 255], 0],
    [[150, 110, 90], 25],
  ])('CMYK of %j, with and without a profile', async (printed, near) => {
    const picture = draw(4, 4, () => printed);
    const own = await picture.clone().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(own).metadata()).space).toBe('cmyk');
    expect(distance(await colourOf(own), printed)).toBeLessThanOrEqual(near);
    const named = await picture.clone().withIccProfile('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect(await sharp(named).metadata()).toMatchObject({ space: 'cmyk', hasProfile: true });
    expect(distance(await colourOf(named), printed)).toBeLessThanOrEqual(near);
  });

  it('a colour profile, which is undone', async () => {
    const png = await solid.clone().withIccProfile('p3').png().toBuffer();
    const { data } = await sharp(png, { ignoreIcc: true })
      .raw()
      .toBuffer({ resolveWithObject: true });
    // As Display P3 has it the colour has other numbers.
    expect(distance([data[0] ?? 0, data[1] ?? 0, data[2] ?? 0], colour)).toBeGreaterThan(8);
    expect(distance(await colourOf(png), colour)).toBeLessThanOrEqual(2);
  });
});

const cmyk =
  process.env.TEST_IMAGES && `${process.env.TEST_IMAGES}/orientation/pil_sample_cmyk.jpg`;

it.skipIf(!cmyk)('a CMYK JPEG of Adobe’s is not seen inverted (needs TEST_IMAGES)', async () => {
  const { at } = await pixelsOf(await readFile(cmyk || ''));
  // Red in its corner and black in its middle.
  expect(distance(at(0, 0), [255, 13, 25])).toBeLessThanOrEqual(30);
  expect(distance(at(50, 50), [0, 0, 0])).toBeLessThanOrEqual(10);
});
