import { readFileSync } from 'node:fs';

/** One of the committed pictures. */
export function picture(name: 'astronaut' | 'chelsea' | 'coffee' | 'rocket'): Buffer {
  return readFileSync(new URL(`./pictures/${name}.jpg`, import.meta.url));
}

/** First bytes by which each format that is taken is known; no whole images, which the API does not look at. */
export const firstBytes = {
  jpeg: Buffer.from('ffd8ffe000104a464946', 'hex'),
  png: Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
  webp: Buffer.from('RIFF\x24\0\0\0WEBPVP8 ', 'latin1'),
  gif: Buffer.from('GIF89a\x01\0\x01\0', 'latin1'),
  avif: Buffer.from('\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf', 'latin1'),
  tiff: Buffer.from('II*\0\x08\0\0\0', 'latin1'),
};

/** A body of a length, that begins as a PNG does. */
export function pngOf(bytes: number): Buffer {
  return Buffer.concat([firstBytes.png, Buffer.alloc(bytes - firstBytes.png.length)]);
}
