/** The formats that are taken. A new one needs its first bytes here and its loader in `worker/child/load-sharp.ts`. */
export const imageFormats = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const;
export type ImageFormat = (typeof imageFormats)[number];

/** How many of an image's first bytes `sniffFormat` looks at. */
export const SNIFF_BYTES = 512;

const taken: [ImageFormat, (head: string) => boolean][] = [
  ['jpeg', (head) => head.startsWith('\xff\xd8\xff')],
  ['png', (head) => head.startsWith('\x89PNG\r\n\x1a\n')],
  ['webp', (head) => head.startsWith('RIFF') && head.startsWith('WEBP', 8)],
  ['gif', (head) => head.startsWith('GIF87a') || head.startsWith('GIF89a')],
  ['avif', (head) => brands(head).some((brand) => brand === 'avif' || brand === 'avis')],
  ['tiff', (head) => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((magic) => head.startsWith(magic))],
];

const refused: [string, (head: string) => boolean][] = [
  ['HEIC', (head) => brands(head).some((brand) => /^(hei|hev|mif1|msf1)/.test(brand))],
  ['SVG', (head) => isMarkup(head) && /<svg/i.test(head)],
  ['HTML', (head) => isMarkup(head) && /<(!doctype html|html|head|body)/i.test(head)],
  ['PDF', (head) => head.slice(0, 128).includes('%PDF-')],
  ['PostScript', (head) => head.startsWith('%!PS') || head.startsWith('\xc5\xd0\xd3\xc6')],
  ['BMP', (head) => head.startsWith('BM') && head.startsWith('\0\0\0\0', 6)],
  ['ICO', (head) => head.startsWith('\0\0\x01\0')],
  ['ICNS', (head) => head.startsWith('icns')],
  ['PSD', (head) => head.startsWith('8BPS')],
  ['JPEG 2000', (head) => head.startsWith('\0\0\0\x0cjP  ') || head.startsWith('\xff\x4f\xff\x51')],
  ['JPEG XL', (head) => head.startsWith('\xff\x0a') || head.startsWith('\0\0\0\x0cJXL ')],
  ['DDS', (head) => head.startsWith('DDS ')],
  ['OpenEXR', (head) => head.startsWith('v/1\x01')],
  ['ZIP', (head) => head.startsWith('PK\x03\x04')],
  ['MP4', (head) => head.startsWith('ftyp', 4)],
];

export type Sniffed =
  | { taken: true; format: ImageFormat }
  /** `type` names what the bytes are, where that is known, for the answer to the sender. */
  | { taken: false; type: string | undefined };

/** Tells the format by the first bytes alone, never by a name or a header. */
export function sniffFormat(bytes: Uint8Array): Sniffed {
  const head = Buffer.from(
    bytes.buffer,
    bytes.byteOffset,
    Math.min(bytes.byteLength, SNIFF_BYTES),
  ).toString('latin1');
  const format = taken.find(([, matches]) => matches(head))?.[0];
  if (format) return { taken: true, format };
  return { taken: false, type: refused.find(([, matches]) => matches(head))?.[0] };
}

/** The brands of an ISO base media file's `ftyp` box (ISO/IEC 14496-12, 4.3); none where there is no such box. */
function brands(head: string): string[] {
  if (!head.startsWith('ftyp', 4)) return [];
  const boxEnd = Math.min(Buffer.from(head.slice(0, 4), 'latin1').readUInt32BE(0), head.length);
  const compatible = head.slice(16, boxEnd).match(/[\s\S]{4}/g) ?? [];
  return [head.slice(8, 12), ...compatible];
}

function isMarkup(head: string): boolean {
  return /^(\xef\xbb\xbf)?\s*</.test(head);
}
