import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp, { type JpegOptions } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../shared/project-root.ts';
import { type LoadedModel, loadModel } from '../model/load-model.ts';
import { type Preprocessing, parsePreprocessing } from '../model/preprocessing.ts';
import { decodeBySharp } from './decode-by-sharp.ts';
import { decodeImage } from './decode-image.ts';
import { decodePlainJpeg } from './decode-plain-jpeg.ts';
import { ImageFault } from './image-fault.ts';
import { readPlainJpeg } from './plain-jpeg.ts';
import { readHeader } from './read-header.ts';

const MAX_PIXELS = 50_000_000;
/** How far two ways may be apart in the mean over all samples of 0 to 255: one resizes as Pillow, one as libvips. */
const NEAR = 1.5;

const pictures = join(projectRoot(), 'test', 'pictures');
const given = process.env.TEST_IMAGES;
let model: LoadedModel;
let rules: Preprocessing;
let photo: Buffer;

beforeAll(async () => {
  model = await loadModel(join(projectRoot(), 'models', 'efficientnet-lite0-int8'));
  rules = model.model.preprocessing;
  photo = await readFile(join(pictures, 'chelsea.jpg'));
});

type Come = { code: string; image: unknown; data?: Uint8Array };

async function bySharp(bytes: Uint8Array, preprocessing = rules): Promise<Come> {
  return comeOf(async () => {
    const header = await readHeader(bytes, 'jpeg', MAX_PIXELS);
    return { image: header.image, pixels: await decodeBySharp(bytes, header, preprocessing) };
  });
}

async function asInAChild(bytes: Uint8Array, preprocessing = rules): Promise<Come> {
  return comeOf(() => decodeImage(bytes, 'jpeg', { preprocessing, maxPixels: MAX_PIXELS }));
}

async function comeOf(decode: () => ReturnType<typeof decodeImage>): Promise<Come> {
  try {
    const { image, pixels } = await decode();
    return { code: 'none', image, data: Uint8Array.from(pixels.data) };
  } catch (error) {
    if (!(error instanceof ImageFault)) throw error;
    return { code: error.code, image: error.image };
  }
}

/** Expects both ways to come to the same size, the same code and nearly the same pixels. */
async function expectAlike(bytes: Uint8Array, preprocessing = rules): Promise<void> {
  const [one, other] = [
    await asInAChild(bytes, preprocessing),
    await bySharp(bytes, preprocessing),
  ];
  expect({ code: one.code, image: one.image }).toEqual({ code: other.code, image: other.image });
  expect(apart(one.data, other.data)).toBeLessThanOrEqual(NEAR);
}

function apart(one: Uint8Array = new Uint8Array(), other: Uint8Array = new Uint8Array()): number {
  expect(one.length).toBe(other.length);
  const sum = one.reduce((total, sample, at) => total + Math.abs(sample - (other[at] ?? 0)), 0);
  return one.length && sum / one.length;
}

const isPlain = (bytes: Uint8Array) => {
  const jpeg = readPlainJpeg(bytes);
  return jpeg !== undefined && decodePlainJpeg(bytes, jpeg, rules) !== undefined;
};

describe('a plain JPEG comes to nearly the same pixels as by sharp', () => {
  it.each<[string, JpegOptions]>([
    ['baseline', {}],
    ['progressive', { progressive: true }],
    ['without subsampling', { chromaSubsampling: '4:4:4' }],
    ['progressive without subsampling', { progressive: true, chromaSubsampling: '4:4:4' }],
    ['of low quality', { quality: 10 }],
  ])('%s', async (_, options) => {
    const bytes = await sharp(photo).jpeg(options).toBuffer();
    expect(isPlain(bytes)).toBe(true);
    await expectAlike(bytes);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('turned by orientation %i', async (orientation) => {
    const bytes = await sharp(photo)
      .resize(640, 427)
      .withMetadata({ orientation })
      .jpeg()
      .toBuffer();
    expect(isPlain(bytes)).toBe(true);
    await expectAlike(bytes);
    // A crop whose middle is not that of the picture shows which way it was turned.
    const uneven = { resize: undefined, crop: { width: 101, height: 50 } };
    await expectAlike(bytes, { ...rules, ...uneven });
  });

  it.each([
    [17, 9],
    [200, 150],
    [257, 511],
    [1000, 40],
    [900, 700],
    [1400, 1100],
    [2600, 2600],
  ])('of %i × %i', async (width, height) => {
    const bytes = await sharp(photo).resize(width, height, { fit: 'fill' }).jpeg().toBuffer();
    expect(isPlain(bytes)).toBe(true);
    await expectAlike(bytes);
  });

  it.each([0, 1, 2, 3])('resampled by Pillow’s filter %i', async (resample) => {
    const json = { size: { height: 160, width: 200 }, resample };
    const bytes = await sharp(photo).resize(451, 300).blur(2).jpeg().toBuffer();
    await expectAlike(bytes, { ...rules, ...parsePreprocessing('a file', json) });
  });

  it('grey, in sRGB or in other colours by a profile, and with black around it', async () => {
    const whole = await sharp(photo).greyscale().jpeg().toBuffer();
    const profiled = await sharp(photo).withIccProfile('srgb').jpeg().toBuffer();
    const wide = await sharp(photo).modulate({ saturation: 2 }).withIccProfile('p3').toBuffer();
    for (const bytes of [whole, profiled, wide]) {
      expect(isPlain(bytes)).toBe(true);
      await expectAlike(bytes);
      await expectAlike(bytes, { ...rules, resize: undefined, crop: { width: 500, height: 200 } });
    }
  });
});

describe('what is not plain is left to sharp', () => {
  it('after a warning of the decoder’s, as of bytes that belong to nothing', async () => {
    const end = photo.length - 2;
    const stray = Buffer.concat([photo.subarray(0, end), Buffer.alloc(40, 7), photo.subarray(end)]);
    expect(isPlain(stray)).toBe(false);
    await expectAlike(stray);
  });

  it('where the last line is cut off', async () => {
    const cut = photo.subarray(0, photo.length - 20);
    expect(isPlain(cut)).toBe(false);
    await expectAlike(cut);
  });

  it('where it has more pixels than are taken, whole or not', async () => {
    const large = Buffer.from(photo);
    const size = large.indexOf('\xff\xc0', undefined, 'latin1') + 5;
    large.writeUInt16BE(10_000, size);
    large.writeUInt16BE(10_000, size + 2);
    await expectAlike(large);
    const table = large.indexOf('\xff\xc4', undefined, 'latin1') + 5;
    await expectAlike(large.fill(255, table, table + 16));
  });

  it('where there are more scans than any encoder makes', async () => {
    const bytes = await sharp(photo).jpeg({ progressive: true }).toBuffer();
    const [scan, end] = [bytes.lastIndexOf('\xff\xda', undefined, 'latin1'), bytes.length - 2];
    const more = Array.from({ length: 40 }, () => bytes.subarray(scan, end));
    const bomb = Buffer.concat([bytes.subarray(0, end), ...more, bytes.subarray(end)]);
    expect(isPlain(bomb)).toBe(false);
    await expectAlike(bomb);
  });

  it('where it needs more memory than the decoder has', async () => {
    const create = { width: 3600, height: 3200, channels: 3, background: '#a53' } as const;
    const options = { progressive: true, chromaSubsampling: '4:4:4' };
    const bytes = await sharp({ create }).jpeg(options).toBuffer();
    expect(isPlain(bytes)).toBe(false);
    await expectAlike(bytes);
    // And the decoder is as it was.
    await expectAlike(photo);
    expect(isPlain(photo)).toBe(true);
  });
});

it('a JPEG with any bytes changed, lost or doubled comes out as by sharp', async () => {
  const small = sharp(photo).resize(96, 64);
  const wholes = await Promise.all([
    small.clone().jpeg().toBuffer(),
    small.clone().jpeg({ progressive: true }).toBuffer(),
    small.clone().withMetadata({ orientation: 6 }).jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(),
    small.clone().withIccProfile('srgb').greyscale().jpeg().toBuffer(),
  ]);
  const at = fc.double({ min: 0, max: 0.999, noNaN: true });
  const change = fc.record({ kind: fc.nat(3), at, to: at, value: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(
      fc.nat(3),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      async (n, all) => {
        let bytes = Buffer.from(wholes[n] ?? photo);
        for (const { kind, at, to, value } of all) {
          const [from, end] = [at, to].map((part) => 3 + Math.floor(part * (bytes.length - 3)));
          if (kind === 0) bytes[from ?? 3] = value;
          if (kind === 1) bytes = bytes.subarray(0, from);
          if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, from), bytes.subarray(end)]);
          if (kind === 3) bytes.subarray(from, (from ?? 0) + (value % 9)).fill(value);
        }
        await expectAlike(bytes);
      },
    ),
    { numRuns: 1000 },
  );
}, 120_000);

it.skipIf(!given)(
  'the given photographs have the same first label by both ways (needs TEST_IMAGES)',
  async () => {
    const folder = join(given ?? '', 'photos');
    const files = (await readdir(folder)).filter((file) => /\.jpe?g$/i.test(file));
    let same = 0;
    for (const file of files) {
      const bytes = await readFile(join(folder, file));
      const labels = [];
      for (const { data = new Uint8Array() } of [await asInAChild(bytes), await bySharp(bytes)]) {
        model.put({ data, width: 224, height: 224 }, 0);
        const [predictions] = await model.infer([{ topK: 1, minConfidence: 0 }]);
        labels.push(predictions?.[0]?.label);
      }
      if (labels[0] === labels[1]) same += 1;
    }
    expect(files.length).toBeGreaterThan(0);
    expect(same / files.length).toBeGreaterThanOrEqual(0.98);
  },
  120_000,
);
