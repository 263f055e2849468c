import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstBytes, picture } from '../test/image-bytes.ts';
import { imageFormats, SNIFF_BYTES, sniffFormat } from './image-formats.ts';

const sniff = (text: string) => sniffFormat(Buffer.from(text, 'latin1'));

test.each(Object.entries(firstBytes))('knows %s by its first bytes alone', (format, bytes) => {
  expect(sniffFormat(bytes)).toEqual({ taken: true, format });
});

test('every format that is taken has its first bytes in this test', () => {
  expect(Object.keys(firstBytes)).toEqual([...imageFormats]);
});

test('knows a real picture', () => {
  expect(sniffFormat(picture('rocket'))).toEqual({ taken: true, format: 'jpeg' });
});

describe('tells AVIF by its brands', () => {
  const ftyp = (...brands: string[]) =>
    `\0\0\0${String.fromCharCode(8 + 4 * (brands.length + 1))}ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`;
  test.each([
    [['avif', 'mif1'], { taken: true, format: 'avif' }],
    [['avis', 'msf1'], { taken: true, format: 'avif' }],
    [['mif1', 'mif1', 'avif'], { taken: true, format: 'avif' }],
    [['mif1', 'mif1', 'heic'], { taken: false, type: 'HEIC' }],
    [['heix', 'mif1'], { taken: false, type: 'HEIC' }],
    [['isom', 'mp42'], { taken: false, type: 'MP4' }],
  ])('%s', (brands, sniffed) => {
    expect(sniff(ftyp(...brands))).toEqual(sniffed);
  });

  test('and does not look for them behind the end of their box', () => {
    expect(sniff('\0\0\0\x10ftypisom\0\0\0\0avif')).toEqual({ taken: false, type: 'MP4' });
  });
});

test.each([
  ['BigTIFF', 'MM\0+\0\x08\0\0', { taken: true, format: 'tiff' }],
  ['a sound in RIFF', 'RIFF\x24\0\0\0WAVEfmt ', { taken: false, type: undefined }],
  ['SVG with a BOM', '\xef\xbb\xbf <svg>', { taken: false, type: 'SVG' }],
  ['XML that is no SVG', '<?xml version="1.0"?><rss>', { taken: false, type: undefined }],
  ['nothing', '', { taken: false, type: undefined }],
  ['one byte of a JPEG', '\xff', { taken: false, type: undefined }],
])('tells %s apart', (_name, text, sniffed) => {
  expect(sniff(text)).toEqual(sniffed);
});

test('answers to any bytes, and looks at the first alone', () => {
  const head = fc.oneof(
    fc.constantFrom(...Object.values(firstBytes)),
    fc
      .constantFrom('\0\0\0\x18ftyp', '\xff\xff\xff\xffftypheic', '\0\0\0\0ftyp', '<', '%PDF', 'BM')
      .map((text) => Buffer.from(text, 'latin1')),
    fc.constant(Buffer.alloc(0)),
  );
  fc.assert(
    fc.property(head, fc.uint8Array({ maxLength: 2 * SNIFF_BYTES }), (first, rest) => {
      const bytes = Buffer.concat([first, rest]);
      const sniffed = sniffFormat(bytes);
      expect(sniffFormat(bytes.subarray(0, SNIFF_BYTES))).toEqual(sniffed);
      if (sniffed.taken) expect(imageFormats).toContain(sniffed.format);
    }),
    { numRuns: 1_000 },
  );
});
