import { isUtf8 } from 'node:buffer';
import { pipeline, Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import {
  type Entry,
  fromRandomAccessReaderPromise,
  getFileNameLowLevel,
  type ZipFile,
} from 'yauzl';
import { expected, PublicError } from '../../shared/errors.ts';
import { gatherBytes } from '../upload/gather-bytes.ts';
import { imageTooLarge } from '../upload/read-upload.ts';
import type { BatchItem } from './batch-item.ts';
import { checkMember, type Member } from './check-member.ts';
import { failedItem } from './failed-item.ts';
import type { FormLimits } from './form-limits.ts';
import { malformedArchive } from './malformed-archive.ts';
import { spoolBody } from './spool-body.ts';
import { SpoolReader } from './spool-reader.ts';
import { batchTooLarge, type UploadBody } from './upload-body.ts';

/** Four times the items of a batch: a Mac's zip has a second member for each file, and some for folders. */
const MAX_MEMBERS = 200_000;

/** The members of a zip, whose directory stands at its end: it goes to disk first, and is read from there. */
export async function* readZip(
  body: UploadBody,
  { maxImageBytes, maxBatchBytes, spoolDir }: FormLimits,
): AsyncGenerator<BatchItem> {
  const { fd, size } = await spoolBody(body, spoolDir);
  const reader = new SpoolReader(fd, size);
  const zip = await openZip(reader, size);
  let inflatedBytes = 0;
  const count = (bytes: number) => {
    inflatedBytes += bytes;
    if (inflatedBytes > maxBatchBytes) throw batchTooLarge(maxBatchBytes);
  };
  const openMember = async (entry: Entry) => {
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    return reader.pieces(fileDataStart, fileDataStart + entry.compressedSize);
  };
  try {
    if (zip.entryCount > MAX_MEMBERS) throw tooManyMembers(zip.entryCount);
    for await (const entry of zip.eachEntry()) {
      const verdict = checkMember(memberOf(entry));
      if ('passedOver' in verdict) continue;
      if ('failed' in verdict) yield verdict.failed;
      else yield await readMember(entry, { id: verdict.id, maxImageBytes, count, openMember });
    }
  } catch (error) {
    throw error instanceof PublicError ? error : malformedArchive(error);
  } finally {
    zip.close();
  }
}

async function openZip(reader: SpoolReader, size: number): Promise<ZipFile> {
  try {
    const zip = await fromRandomAccessReaderPromise(reader, size, {
      // yauzl would give up the whole zip for one member's name or size; we fail that member.
      decodeStrings: false,
      validateEntrySizes: false,
    });
    zip.on('error', () => undefined);
    return zip;
  } catch (error) {
    reader.close(() => undefined);
    throw malformedArchive(error);
  }
}

const UTF8_FLAG = 0x800;
const MADE_ON_UNIX = [3, 19];
const fileTypes = new Map([
  [0, 'file'],
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
]);

function memberOf(entry: Entry): Member {
  // A Mac's zip has names in UTF-8 and does not say so; else it is code page 437.
  const flags = isUtf8(entry.fileNameRaw) ? UTF8_FLAG : 0;
  const name = getFileNameLowLevel(flags, entry.fileNameRaw, entry.extraFields, true);
  const isFromUnix = MADE_ON_UNIX.includes(entry.versionMadeBy >> 8);
  const type = isFromUnix ? (entry.externalFileAttributes >>> 16) & 0o170000 : 0;
  return { name, kind: fileTypes.get(type) ?? 'special file' };
}

interface Reading {
  id: string | undefined;
  maxImageBytes: number;
  /** Called with every byte that was inflated. Throws where the batch has too many. */
  count(bytes: number): void;
  /** The bytes of a member as they stand in the zip. */
  openMember(entry: Entry): Promise<AsyncIterable<Buffer>>;
}

async function readMember(
  entry: Entry,
  { id, maxImageBytes, count, openMember }: Reading,
): Promise<BatchItem> {
  if (entry.isEncrypted()) return malformed(id, 'a member that is not encrypted', 'one that is');
  if (!entry.canDecodeFileData()) {
    return malformed(id, 'a stored or deflated member', `method ${entry.compressionMethod}`);
  }
  const announced = entry.uncompressedSize;
  if (announced > maxImageBytes) return failedItem(id, imageTooLarge(maxImageBytes));
  const gathering = gatherBytes(announced, announced);
  let size = 0;
  try {
    const raw = await openMember(entry);
    for await (const chunk of entry.isCompressed() ? inflate(raw) : raw) {
      size += chunk.length;
      count(chunk.length);
      // What was announced is at most an image's size: more is a lie, and is not read on.
      if (size > announced) break;
      gathering.add(chunk);
    }
  } catch (error) {
    if (error instanceof PublicError) throw error;
    return malformed(id, 'a member that can be read', 'damaged bytes');
  }
  if (size !== announced) {
    return malformed(id, `the announced ${announced} bytes`, size > announced ? 'more' : size);
  }
  const image = gathering.take();
  if (crc32(image) === entry.crc32) return { id, image };
  return malformed(id, 'bytes of the announced checksum', 'others');
}

/** Goes when it is not read to its end. */
function inflate(raw: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  return pipeline(Readable.from(raw), createInflateRaw(), () => undefined);
}

function malformed(id: string | undefined, what: string, received: string | number): BatchItem {
  const detail = `Expected ${what} for ${id ?? 'a member'} but received ${received}.`;
  return failedItem(id, new PublicError('malformed_item', detail));
}

function tooManyMembers(count: number): PublicError {
  return new PublicError(
    'batch_too_large',
    expected(`at most ${MAX_MEMBERS} members`, 'the zip', count),
  );
}
