import { crc32, deflateRawSync } from 'node:zlib';

/** A member of a zip as it is to stand there; what is given beside its bytes is written as it is, true or not. */
export interface ZipMember {
  name: string | Buffer;
  bytes?: Buffer;
  method?: number;
  flags?: number;
  announced?: number;
  checksum?: number;
  /** What Unix says of the file, as in `stat`. */
  mode?: number;
  zip64?: boolean;
}

const UTF8 = 0x800;
const ALL_ONES = 0xffffffff;

/** A zip made by hand, so that it may lie. */
export function zipBytes(members: ZipMember[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const { bytes = Buffer.alloc(0), method = 8, flags = UTF8, mode = 0, zip64 = false } = member;
    const name = Buffer.from(member.name);
    const data = method === 8 ? deflateRawSync(bytes) : bytes;
    const announced = member.announced ?? bytes.length;
    const extra = zip64 ? zip64Extra(announced, data.length, offset) : Buffer.alloc(0);
    const small = (value: number) => (zip64 ? ALL_ONES : value);
    const common = numbers([
      [2, flags],
      [2, method],
      [4, 0],
      [4, member.checksum ?? crc32(bytes)],
      [4, small(data.length)],
      [4, small(announced)],
      [2, name.length],
      [2, extra.length],
    ]);
    const local = Buffer.concat([
      numbers([
        [4, 0x04034b50],
        [2, 45],
      ]),
      common,
      name,
      extra,
      data,
    ]);
    const unix = 3 << 8;
    centrals.push(
      numbers([
        [4, 0x02014b50],
        [2, unix | 45],
        [2, 45],
      ]),
      common,
      numbers([
        [2, 0],
        [2, 0],
        [2, 0],
        [4, mode * 0x10000],
        [4, small(offset)],
      ]),
      name,
      extra,
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = numbers([
    [4, 0x06054b50],
    [4, 0],
    [2, members.length],
    [2, members.length],
    [4, directory.length],
    [4, offset],
    [2, 0],
  ]);
  return Buffer.concat([...locals, directory, end]);
}

function zip64Extra(announced: number, stored: number, offset: number): Buffer {
  const extra = Buffer.alloc(28);
  extra.writeUInt16LE(1);
  extra.writeUInt16LE(24, 2);
  [announced, stored, offset].forEach((value, index) => {
    extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  });
  return extra;
}

function numbers(fields: [bytes: 2 | 4, value: number][]): Buffer {
  const parts = fields.map(([bytes, value]) => {
    const part = Buffer.alloc(bytes);
    if (bytes === 2) part.writeUInt16LE(value);
    else part.writeUInt32LE(value >>> 0);
    return part;
  });
  return Buffer.concat(parts);
}
