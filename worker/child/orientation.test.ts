import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Colour, draw } from '../../test/pictures/draw.ts';
import { distance, type Picture, pixelsOf } from '../../test/pictures/pixels-of.ts';

const colours: Record<string, Colour> = {
  R: [255, 0, 0],
  G: [0, 160, 0],
  B: [0, 0, 255],
  W: [255, 255, 255],
};

/** Four fields, as they stand in the file: red and green above blue and white. */
const stored = draw(
  64,
  32,
  (x, y) => colours[(y < 16 ? 'RG' : 'BW').charAt(x < 32 ? 0 : 1)] ?? [0, 0, 0],
);

/** The colours in the middles of the four fields as they are seen: above, then below. */
function fields({ width, height, at }: Picture): string {
  return [0, 1, 2, 3]
    .map((field) => at(width * (0.25 + 0.5 * (field % 2)), height * (field < 2 ? 0.25 : 0.75)))
    .map((seen) => Object.keys(colours).find((name) => distance(seen, colours[name] ?? seen) < 40))
    .join('');
}

describe('a picture is seen as its EXIF orientation says', () => {
  it.each([
    [1, 'RGBW'],
    [2, 'GRWB'],
    [3, 'WBGR'],
    [4, 'BWRG'],
    [5, 'RBGW'],
    [6, 'BRWG'],
    [7, 'WGBR'],
    [8, 'GWRB'],
  ])('JPEG, %i', async (orientation, expected) => {
    const picture = await pixelsOf(
      await stored.clone().jpeg().withMetadata({ orientation }).toBuffer(),
    );
    expect([picture.width, picture.height]).toEqual(orientation < 5 ? [64, 32] : [32, 64]);
    expect(fields(picture)).toBe(expected);
  });

  it.each(['webp', 'png', 'tiff'] as const)('%s, 6', async (format) => {
    const bytes = await stored.clone().toFormat(format).withMetadata({ orientation: 6 }).toBuffer();
    const picture = await pixelsOf(bytes);
    expect([picture.width, picture.height]).toEqual([32, 64]);
    expect(fields(picture)).toBe('BRWG');
  });

  it('before it is resized and cropped', async () => {
    const bytes = await stored.clone().jpeg().withMetadata({ orientation: 6 }).toBuffer();
    // Turned it is 32 × 64: resized to 16 × 32, of which the middle is the corner of all four fields.
    const picture = await pixelsOf(bytes, { size: 16, crop_size: 16 });
    expect([picture.width, picture.height]).toEqual([16, 16]);
    expect(fields(picture)).toBe('BRWG');
  });

  it('before it is enlarged', async () => {
    const bytes = await stored.clone().png().withMetadata({ orientation: 8 }).toBuffer();
    expect(fields(await pixelsOf(bytes, { size: 100, crop_size: 100 }))).toBe('GWRB');
  });
});

const given = process.env.TEST_IMAGES ?? '';
const names = [2, 3, 4, 5, 6, 7, 8].flatMap((n) => [`${n}.jpg`, `${n}.webp`]);

describe.skipIf(!given)(
  'Pillow’s picture looks alike in every orientation (needs TEST_IMAGES)',
  () => {
    const folder = join(given, 'orientation');
    it.each(names)('%s', async (name) => {
      const [upright, turned] = await Promise.all(
        ['hopper.jpg', `hopper_orientation_${name}`].map(async (file) =>
          pixelsOf(await readFile(join(folder, file)), { size: 64, crop_size: 64 }),
        ),
      );
      if (!upright || !turned) throw new Error('Two pictures are compared.');
      const places = Array.from({ length: 64 }, (_, at) => [at, (at * 7) % 64] as const);
      const apart = places.map(([x, y]) => distance(upright.at(x, y), turned.at(x, y)));
      expect(apart.reduce((a, b) => a + b, 0) / apart.length).toBeLessThan(10);
    });
  },
);
