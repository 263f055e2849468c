import type { Readable } from 'node:stream';
import { PublicError } from '../../shared/errors.ts';
import { sniffFormat } from '../../shared/image-formats.ts';
import type { BatchForm, BatchItem, BatchItems, UploadForm } from './batch-item.ts';
import type { FormLimits } from './form-limits.ts';
import { readGzip } from './read-gzip.ts';
import { readJsonItems } from './read-json-items.ts';
import { readJsonLines } from './read-json-lines.ts';
import { readMultipartItems } from './read-multipart-items.ts';
import { readTar } from './read-tar.ts';
import { ARCHIVE_HEAD_BYTES, type Archive, sniffArchive } from './sniff-archive.ts';
import { batchTooLarge, openBody, type UploadBody } from './upload-body.ts';

export interface FormHeaders {
  'content-type'?: string | undefined;
  'content-length'?: string | undefined;
}

/** Content types of archives, whose first bytes win: a `.tar.gz` is often called a tar. */
const archiveTypes: Record<string, Archive> = {
  'application/zip': 'zip',
  'application/x-zip-compressed': 'zip',
  'application/x-tar': 'tar',
  'application/tar': 'tar',
  'application/gzip': 'gzip',
  'application/x-gzip': 'gzip',
  'application/x-gtar': 'tar',
  'application/x-compressed-tar': 'gzip',
};
/** Content types that say nothing: none, what stands for any bytes, and curl's own. */
const vagueTypes = ['', 'application/octet-stream', 'application/x-www-form-urlencoded'];

/**
 * Reads the items of an upload, in whatever form it came, as they are asked for. Throws at once for what can be told
 * before an item is.
 */
export async function readForm(
  headers: FormHeaders,
  stream: Readable,
  limits: FormLimits,
): Promise<UploadForm> {
  const { 'content-type': contentType = '', 'content-length': contentLength } = headers;
  const announcedBytes = contentLength === undefined ? undefined : Number(contentLength);
  if (announcedBytes !== undefined && announcedBytes > limits.maxBatchBytes)
    throw batchTooLarge(limits.maxBatchBytes);
  const body = openBody(stream, limits.maxBatchBytes);
  const [type = ''] = contentType.toLowerCase().split(';');
  const { items, options } = await pick(type.trim());
  return { items: stoppedAtEnd(items, body), options, stop: body.stop };

  async function pick(type: string): Promise<BatchForm> {
    const { maxImageBytes } = limits;
    switch (type) {
      case 'multipart/form-data':
        return readMultipartItems(contentType, body, maxImageBytes);
      case 'application/json':
        return readJsonItems(body, announcedBytes, maxImageBytes);
      case 'application/jsonl':
      case 'application/x-ndjson':
        return { items: readJsonLines(body, maxImageBytes), options: {} };
      default:
        return {
          items: await readArchive(await requireArchive(type, body), body, limits),
          options: {},
        };
    }
  }
}

async function readArchive(
  archive: Archive,
  body: UploadBody,
  limits: FormLimits,
): Promise<BatchItems> {
  const { maxImageBytes, maxBatchBytes } = limits;
  switch (archive) {
    case 'zip':
      return (await import('./read-zip.ts')).readZip(body, limits);
    case 'gzip':
      return readTar(readGzip(body, maxBatchBytes), maxImageBytes);
    case 'tar':
      return readTar(body.chunks(), maxImageBytes);
  }
}

async function requireArchive(type: string, body: UploadBody): Promise<Archive> {
  const called = archiveTypes[type];
  if (!called && !vagueTypes.includes(type)) throw unsupported(`'${type}'`);
  const head = await body.peek(ARCHIVE_HEAD_BYTES);
  if (head.length === 0)
    throw new PublicError('empty_body', 'Expected the bytes of a batch but received none.');
  const archive = sniffArchive(head) ?? called;
  if (archive) return archive;
  throw unsupported(
    sniffFormat(head).taken
      ? 'one image. Send it by POST /v1/jobs'
      : 'bytes without a Content-Type that are no archive',
  );
}

function unsupported(received: string): PublicError {
  const detail = `Expected multipart/form-data, JSON, JSON Lines, zip, tar or gzipped tar for the body but received ${received}.`;
  return new PublicError('unsupported_batch_type', detail);
}

async function* stoppedAtEnd(items: BatchItems, body: UploadBody): AsyncGenerator<BatchItem> {
  try {
    yield* items;
  } finally {
    body.stop();
  }
}
