import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../shared/outcome.ts';
import { projectRoot } from '../../shared/project-root.ts';
import { classifyImage } from '../../test/classify-image.ts';
import { draw } from '../../test/pictures/draw.ts';
import { type LoadedModel, loadModel } from '../model/load-model.ts';

let model: LoadedModel;
let photo: Buffer;
const encoded: Record<string, Buffer> = {};

beforeAll(async () => {
  model = await loadModel(join(projectRoot(), 'models', 'efficientnet-lite0-int8'));
  photo = await readFile(join(projectRoot(), 'test', 'pictures', 'chelsea.jpg'));
  const picture = sharp(photo);
  const encoders = {
    jpeg: picture.clone().jpeg(),
    'progressive jpeg': picture.clone().jpeg({ progressive: true }),
    png: picture.clone().png(),
    'interlaced png': picture.clone().png({ progressive: true }),
    webp: picture.clone().webp(),
    'lossless webp': picture.clone().webp({ lossless: true }),
    gif: picture.clone().gif(),
    avif: picture.clone().avif({ effort: 0 }),
    tiff: picture.clone().tiff({ compression: 'lzw' }),
    'tiled tiff': picture.clone().tiff({ compression: 'deflate', tile: true }),
  };
  for (const [name, encoder] of Object.entries(encoders)) encoded[name] = await encoder.toBuffer();
});

async function classify(image: Uint8Array, maxPixels = 50_000_000): Promise<Outcome> {
  const request = { image, model: model.model.name, topK: 5, minConfidence: 0 };
  const outcome = await classifyImage(model, request, maxPixels);
  // What a sender is told names no library, file or stack.
  if (outcome.status === 'failed') expect(outcome.detail).not.toMatch(/vips|sharp|heif|lib|\/|\n/i);
  return outcome;
}

const names = ['jpeg', 'progressive jpeg', 'png', 'interlaced png', 'webp', 'lossless webp'];

describe.each([...names, 'gif', 'avif', 'tiff', 'tiled tiff'])('%s', (name) => {
  it('succeeds when it is whole', async () => {
    expect((await classify(encoded[name] ?? photo)).status).toBe('succeeded');
  });

  it.each([0.01, 0.1, 0.5, 0.9, 0.98])('fails when it is cut off at %f of it', async (part) => {
    const whole = encoded[name] ?? photo;
    const outcome = await classify(whole.subarray(0, Math.floor(part * whole.length)));
    expect(outcome).toMatchObject({ status: 'failed', code: 'undecodable_image' });
  });
});

describe('an image fails', () => {
  it('with its size where its header was whole', async () => {
    const outcome = await classify(photo.subarray(0, photo.length / 2));
    expect(outcome).toEqual({
      status: 'failed',
      code: 'undecodable_image',
      detail: 'Expected a whole jpeg image but its data is corrupt or cut off.',
      image: { format: 'jpeg', width: 451, height: 300 },
    });
  });

  it('when only its first bytes are those of a format', async () => {
    for (const head of [
      '\xff\xd8\xff\xe0',
      '\x89PNG\r\n\x1a\n',
      'GIF89a',
      'II*\0',
      'RIFF????WEBPVP8 ',
    ]) {
      const bytes = Buffer.from(head + 'x'.repeat(500), 'latin1');
      expect(await classify(bytes)).toMatchObject({ code: 'undecodable_image' });
    }
  });

  it('when its bytes are no image', async () => {
    expect(await classify(Buffer.from('no image'))).toMatchObject({ code: 'not_an_image' });
    expect(await classify(Buffer.alloc(0))).toMatchObject({ code: 'not_an_image' });
  });

  it('when HEVC stands in a file that calls itself AVIF', async () => {
    const bytes = Buffer.from(encoded.avif ?? []);
    bytes.write('hvc1', bytes.indexOf('av01', 40), 'latin1');
    expect(await classify(bytes)).toMatchObject({ code: 'undecodable_image' });
  });

  it('when a corrupt line stands in the middle of it', async () => {
    const bytes = Buffer.from(encoded.png ?? []);
    const middle = Math.floor(bytes.length / 2);
    bytes.fill(0, middle, middle + 50);
    expect(await classify(bytes)).toMatchObject({ code: 'undecodable_image' });
  });
});

describe('more than MAX_IMAGE_PIXELS', () => {
  it('fails by the header, with the size', async () => {
    expect(await classify(photo, 100_000)).toEqual({
      status: 'failed',
      code: 'too_many_pixels',
      detail: 'Expected at most 100000 pixels but received 451 × 300.',
      image: { format: 'jpeg', width: 451, height: 300 },
    });
  });

  it('fails before a pixel is decoded, however small the file is', async () => {
    const png = await draw(1, 1, () => [0, 0, 0])
      .png()
      .toBuffer();
    // The header says 60,000 × 60,000; its checksum is put right.
    const header = Buffer.from(png.subarray(0, 33));
    header.writeUInt32BE(60_000, 16);
    header.writeUInt32BE(60_000, 20);
    header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
    const outcome = await classify(Buffer.concat([header, png.subarray(33)]));
    expect(outcome).toMatchObject({
      code: 'too_many_pixels',
      image: { width: 60_000, height: 60_000 },
    });
  });

  it('are as many as the limit and not one less', async () => {
    expect((await classify(photo, 451 * 300)).status).toBe('succeeded');
    expect(await classify(photo, 451 * 300 - 1)).toMatchObject({ code: 'too_many_pixels' });
  });
});

it('the same picture has the same predictions every time', async () => {
  const [first, second] = [await classify(photo), await classify(photo)];
  if (first.status === 'failed' || second.status === 'failed') throw new Error('It failed.');
  expect(second.predictions).toEqual(first.predictions);
});

const given = process.env.TEST_IMAGES;

describe.skipIf(!given)('the given pictures (needs TEST_IMAGES)', () => {
  it('of PngSuite only those that are corrupt fail', async () => {
    const folder = join(given ?? '', 'pngsuite');
    const files = (await readdir(folder)).filter((file) => file.endsWith('.png'));
    expect(files.length).toBe(175);
    for (const file of files) {
      const { status } = await classify(await readFile(join(folder, file)));
      expect({ file, status }).toEqual({
        file,
        status: file.startsWith('x') ? 'failed' : 'succeeded',
      });
    }
  });

  it('of the hostile ones each has an outcome', async () => {
    const folder = join(given ?? '', 'hostile');
    for (const file of await readdir(folder)) {
      const outcome = await classify(await readFile(join(folder, file)));
      expect(['succeeded', 'failed']).toContain(outcome.status);
    }
  });
});

/** The checksum of a PNG's chunk (zlib.crc32 came with Node 22). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
