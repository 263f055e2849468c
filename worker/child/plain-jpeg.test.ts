import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../shared/project-root.ts';
import { readPlainJpeg } from './plain-jpeg.ts';

let photo: Sharp;
let plain: Buffer;

beforeAll(async () => {
  photo = sharp(await readFile(join(projectRoot(), 'test', 'pictures', 'chelsea.jpg')));
  plain = await photo.clone().jpeg().toBuffer();
});

/** The picture with a segment put in behind its first two bytes. */
function withSegment(marker: number, content: Uint8Array | string): Buffer {
  const data = Buffer.from(content as string, 'latin1');
  const head = Buffer.from([0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255]);
  return Buffer.concat([plain.subarray(0, 2), head, data, plain.subarray(2)]);
}

/** The picture with the byte at an offset in the frame's segment changed. */
function withFrameByte(offset: number, value: number): Buffer {
  const bytes = Buffer.from(plain);
  bytes[bytes.indexOf(Buffer.from([0xff, 0xc0])) + offset] = value;
  return bytes;
}

function exif(orientation: number, tag = 0x0112, type = 3): Buffer {
  const block = Buffer.alloc(32);
  block.write('Exif\0\0MM\0*', 'latin1');
  block.writeUInt32BE(8, 10);
  block.writeUInt16BE(1, 14);
  block.writeUInt16BE(tag, 16);
  block.writeUInt16BE(type, 18);
  block.writeUInt32BE(1, 20);
  block.writeUInt16BE(orientation, 24);
  return block;
}

describe('a JPEG is plain', () => {
  const size = { width: 451, height: 300 };

  it.each<[string, (picture: Sharp) => Sharp]>([
    ['baseline', (picture) => picture.jpeg()],
    ['progressive', (picture) => picture.jpeg({ progressive: true })],
    ['without subsampling', (picture) => picture.jpeg({ chromaSubsampling: '4:4:4' })],
    ['grey', (picture) => picture.greyscale().jpeg()],
    ['with a profile of sRGB', (picture) => picture.withIccProfile('srgb').jpeg()],
  ])('%s', async (_, encode) => {
    const bytes = await encode(photo.clone()).toBuffer();
    expect(readPlainJpeg(bytes)).toEqual({ ...size, orientation: 1 });
  });

  it('with its orientation', () => {
    expect(readPlainJpeg(withSegment(0xe1, exif(6)))).toEqual({ ...size, orientation: 6 });
    expect(readPlainJpeg(withSegment(0xe1, exif(6, 0x0100)))).toEqual({ ...size, orientation: 1 });
  });

  it('with a profile of other colours', async () => {
    const bytes = await photo.clone().withIccProfile('p3').jpeg().toBuffer();
    expect(readPlainJpeg(bytes)).toMatchObject({ ...size, profile: { isSrgb: false } });
  });

  it('with Adobe’s word for YCbCr, a comment and what another application wrote', () => {
    const adobe = 'Adobe\0\x64\0\0\0\0\x01';
    for (const bytes of [
      withSegment(0xee, adobe),
      withSegment(0xfe, 'a'),
      withSegment(0xed, 'b'),
    ]) {
      expect(readPlainJpeg(bytes)).toEqual({ ...size, orientation: 1 });
    }
  });
});

describe('a JPEG is not plain', () => {
  it.each<[string, () => Buffer]>([
    ['of 12 bits', () => withFrameByte(4, 12)],
    [
      'without a height',
      () => withFrameByte(5, 0).fill(0, plain.indexOf('\xff\xc0', 'latin1') + 6),
    ],
    ['of two channels', () => withFrameByte(9, 2)],
    ['of arithmetic coding', () => withFrameByte(1, 0xc9)],
    ['lossless', () => withFrameByte(1, 0xc3)],
    ['of red, green and blue by its channels’ names', () => withFrameByte(10, 0x52)],
    ['of an unusual sampling', () => withFrameByte(11, 0x41)],
    ['of another kind of Adobe’s', () => withSegment(0xee, 'Adobe\0\x64\0\0\0\0\0')],
    ['with an orientation that there is not', () => withSegment(0xe1, exif(9))],
    ['with an orientation of another type', () => withSegment(0xe1, exif(6, 0x0112, 4))],
    ['with another word than EXIF’s', () => withSegment(0xe1, exif(6).fill(1, 5, 6))],
    ['with EXIF that is cut off', () => withSegment(0xe1, exif(6).subarray(0, 20))],
    ['with a part of a profile', () => withSegment(0xe2, 'ICC_PROFILE\0\x01\x02')],
    [
      'with another word than that of a profile',
      () => withSegment(0xe2, 'ICC_PROFILE\x01\x01\x01'),
    ],
    ['with a profile of nothing', () => withSegment(0xe2, 'ICC_PROFILE\0\x01\x01')],
    [
      'with a second frame',
      () =>
        withSegment(0xc0, plain.subarray(plain.indexOf('\xff\xc0', 'latin1') + 4).subarray(0, 15)),
    ],
    ['with an unknown marker', () => withSegment(0xf7, 'x')],
    [
      'with bytes between its segments',
      () => Buffer.concat([plain.subarray(0, 2), Buffer.from('x'), plain.subarray(2)]),
    ],
    ['cut off before its pixels', () => plain.subarray(0, 300)],
    ['of three bytes', () => plain.subarray(0, 3)],
  ])('%s', (_, make) => {
    expect(readPlainJpeg(make())).toBeUndefined();
  });

  it('CMYK', async () => {
    const bytes = await photo.clone().toColourspace('cmyk').jpeg().toBuffer();
    expect(readPlainJpeg(bytes)).toBeUndefined();
  });
});
