const ORIENTATION_TAG = 0x0112;
const SHORT = 3;

/**
 * The orientation in an EXIF block, from 1 to 8; 1 where it has none. Undefined where the block is not as the standard
 * has it, so that libvips' own reader may say what it makes of it.
 * @param tiff what follows `Exif\0\0` in a JPEG's APP1 segment
 */
export function readExifOrientation(tiff: Buffer): number | undefined {
  const order = tiff.toString('latin1', 0, 4);
  if (tiff.length < 8 || (order !== 'II*\0' && order !== 'MM\0*')) return undefined;
  const u16 = (at: number) => (order === 'II*\0' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const u32 = (at: number) => (order === 'II*\0' ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  const directory = u32(4);
  if (directory < 8 || directory + 2 > tiff.length) return undefined;
  const count = u16(directory);
  if (directory + 2 + 12 * count > tiff.length) return undefined;
  let orientation: number | undefined;
  for (let entry = directory + 2; entry < directory + 2 + 12 * count; entry += 12) {
    if (u16(entry) !== ORIENTATION_TAG) continue;
    const value = u16(entry + 8);
    const isPlain = u16(entry + 2) === SHORT && u32(entry + 4) === 1 && value >= 1 && value <= 8;
    if (!isPlain || orientation !== undefined) return undefined;
    orientation = value;
  }
  return orientation ?? 1;
}
