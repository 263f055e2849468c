import { malformedArchive } from './malformed-archive.ts';

export const TAR_BLOCK_BYTES = 512;

/** What a tar says of a member, or of the attributes that stand before one (POSIX.1-2017, pax; GNU's long names). */
export interface TarHeader {
  name: string;
  kind: string;
  /** The bytes that follow. */
  size: number;
}

const kinds: Record<string, string> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character device',
  '4': 'block device',
  '5': 'directory',
  '6': 'fifo',
  x: 'attributes',
  g: 'global attributes',
  L: 'long name',
  K: 'long link',
};
/** What they have of bytes is nothing, whatever their headers say. */
const kindsWithoutBytes = [
  'link',
  'symlink',
  'character device',
  'block device',
  'directory',
  'fifo',
];

/** Undefined for a block of zeros, two of which end a tar. Throws `malformed_archive`. */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (parseNumber(block.subarray(148, 156)) !== checksum(block)) throw malformedArchive('checksum');
  const kind = kinds[String.fromCharCode(block[156] ?? 0)] ?? 'special file';
  const name = text(block.subarray(0, 100));
  // GNU's own format has times there.
  const prefix =
    block.toString('latin1', 257, 263) === 'ustar\0' ? text(block.subarray(345, 500)) : '';
  return {
    name: prefix ? `${prefix}/${name}` : name,
    kind: kind === 'file' && name.endsWith('/') ? 'directory' : kind,
    size: kindsWithoutBytes.includes(kind) ? 0 : parseNumber(block.subarray(124, 136)),
  };
}

/** A member as the attributes before it have it. */
export function withAttributes(header: TarHeader, { name, size }: Partial<TarHeader>): TarHeader {
  const hasBytes = !kindsWithoutBytes.includes(header.kind);
  return {
    ...header,
    ...(name === undefined ? {} : { name }),
    ...(size === undefined || !hasBytes ? {} : { size }),
  };
}

/** What stands in pax's attributes of the next member: lines of `length key=value`. Throws `malformed_archive`. */
export function parseAttributes(bytes: Buffer): Partial<TarHeader> {
  const found: Partial<TarHeader> = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    const end = at + length;
    const isLine = space > at && Number.isInteger(length) && end > space && bytes[end - 1] === 0x0a;
    if (!isLine) throw malformedArchive('attributes');
    const line = bytes.toString('utf8', space + 1, end - 1);
    if (line.startsWith('path=')) found.name = line.slice('path='.length);
    if (line.startsWith('size=')) found.size = requireSize(Number(line.slice('size='.length)));
    at = end;
  }
  return found;
}

function text(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}

/** Octal digits, or where they do not suffice a big-endian number behind a first bit (GNU, star). */
function parseNumber(field: Buffer): number {
  if ((field[0] ?? 0) & 0x80) {
    const digits = field.toString('hex').replace(/^80/, '00');
    return requireSize(Number.parseInt(digits, 16));
  }
  const digits = field.toString('latin1').replaceAll(/^[ \0]+|[ \0].*$/gs, '');
  if (!/^[0-7]*$/.test(digits)) throw malformedArchive('number');
  return requireSize(Number.parseInt(digits || '0', 8));
}

function requireSize(size: number): number {
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw malformedArchive('size');
}

/** The sum of all bytes, with spaces in its own place. */
function checksum(block: Buffer): number {
  const sum = (bytes: Buffer) => bytes.reduce((total, byte) => total + byte, 0);
  return sum(block.subarray(0, 148)) + 8 * 0x20 + sum(block.subarray(156));
}
