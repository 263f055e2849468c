import { gatherBytes } from '../upload/gather-bytes.ts';
import { imageTooLarge } from '../upload/read-upload.ts';
import type { BatchItem } from './batch-item.ts';
import { type ByteReader, createByteReader } from './byte-reader.ts';
import { checkMember } from './check-member.ts';
import { failedItem } from './failed-item.ts';
import { malformedArchive } from './malformed-archive.ts';
import {
  parseAttributes,
  parseTarHeader,
  TAR_BLOCK_BYTES,
  type TarHeader,
  withAttributes,
} from './tar-header.ts';

/** Attributes and long names are held in memory. */
const MAX_ATTRIBUTES_BYTES = 2 ** 20;

/**
 * The members of a tar as they arrive. Throws `malformed_archive` after those that arrived whole. Of our own, as
 * tar-stream waits for ever on some tars whose headers contradict themselves.
 */
export async function* readTar(
  pieces: AsyncGenerator<Buffer>,
  maxImageBytes: number,
): AsyncGenerator<BatchItem> {
  const reader = createByteReader(pieces);
  try {
    let attributes: Partial<TarHeader> = {};
    for (let zeros = 0; zeros < 2; ) {
      const header = parseTarHeader(await readWhole(reader, TAR_BLOCK_BYTES));
      if (!header) {
        zeros += 1;
        continue;
      }
      zeros = 0;
      const more = await readAttributes(reader, header);
      if (more) {
        attributes = { ...attributes, ...more };
        continue;
      }
      const item = await readMember(reader, withAttributes(header, attributes), maxImageBytes);
      attributes = {};
      if (item) yield item;
    }
    // What fills up the last block of a tape, and a gzip's checksum.
    await reader.pass(Number.POSITIVE_INFINITY, () => undefined);
  } finally {
    await pieces.return(undefined);
  }
}

/** What a header says of the next member rather than of one of its own; undefined where it is a member's. */
async function readAttributes(
  reader: ByteReader,
  { kind, size }: TarHeader,
): Promise<Partial<TarHeader> | undefined> {
  if (!['attributes', 'global attributes', 'long name', 'long link'].includes(kind))
    return undefined;
  if (size > MAX_ATTRIBUTES_BYTES) throw malformedArchive('attributes that are too long');
  const bytes = await readWhole(reader, size);
  await readWhole(reader, padding(size));
  if (kind === 'attributes') return parseAttributes(bytes);
  return kind === 'long name' ? { name: bytes.toString().replace(/\0.*$/s, '') } : {};
}

/** Undefined for a member that is passed over. The bytes of one that is not taken are read, and not kept. */
async function readMember(
  reader: ByteReader,
  header: TarHeader,
  maxImageBytes: number,
): Promise<BatchItem | undefined> {
  const verdict = checkMember(header);
  const { size } = header;
  const isKept = 'id' in verdict && size <= maxImageBytes;
  const gathering = gatherBytes(isKept ? size : 0, size);
  const passed = await reader.pass(size, (piece) => {
    if (isKept) gathering.add(piece);
  });
  if (passed < size) throw malformedArchive('an end within a member');
  await readWhole(reader, padding(size));
  if ('passedOver' in verdict) return undefined;
  if ('failed' in verdict) return verdict.failed;
  if (!isKept) return failedItem(verdict.id, imageTooLarge(maxImageBytes));
  return { id: verdict.id, image: gathering.take() };
}

async function readWhole(reader: ByteReader, size: number): Promise<Buffer> {
  const bytes = await reader.read(size);
  if (bytes.length < size) throw malformedArchive('an end too early');
  return bytes;
}

function padding(size: number): number {
  return (TAR_BLOCK_BYTES - (size % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
}
