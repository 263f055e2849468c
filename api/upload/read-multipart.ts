import type { IncomingMessage } from 'node:http';
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import { expected, PublicError } from '../../shared/errors.ts';
import { optionsFromText } from '../../shared/job-options.ts';
import { gatherBytes } from './gather-bytes.ts';
import { imageTooLarge, type RawUpload, type UploadLimits } from './read-upload.ts';

/** Bounds on what stands beside the image: options are short, and there are few of them. */
const MAX_FIELDS = 32;
const MAX_FIELD_BYTES = 1024;
const MULTIPART_OVERHEAD_BYTES = 64 * 1024;

/** Reads multipart/form-data with one file, `image`, and the options as fields before or after it. */
export function readMultipart(
  request: IncomingMessage,
  { maxImageBytes, held }: UploadLimits,
): Promise<RawUpload> {
  return new Promise((resolve, reject) => {
    const limit = maxImageBytes + MULTIPART_OVERHEAD_BYTES;
    if (Number(request.headers['content-length']) > limit) throw imageTooLarge(maxImageBytes);
    const parser = createParser(request, maxImageBytes);
    const fields = new Map<string, string[]>();
    const gathering = gatherBytes(maxImageBytes, Number(request.headers['content-length'] ?? 0));
    let images = 0;
    let received = 0;

    const refuse = (error: PublicError) => {
      request.unpipe(parser);
      gathering.take();
      reject(error);
    };
    held.onEvicted(refuse);
    request.on('data', (chunk: Buffer) => {
      received += chunk.length;
      held.add(chunk.length);
      if (received > limit) refuse(imageTooLarge(maxImageBytes));
    });
    request.once('close', () => {
      if (!request.complete) refuse(new PublicError('upload_aborted'));
    });
    parser.on('file', (name, stream) => {
      stream.on('data', (chunk: Buffer) => gathering.add(chunk));
      // The parser reports the same fault itself.
      stream.on('error', () => undefined);
      stream.on('limit', () => refuse(imageTooLarge(maxImageBytes)));
      images += 1;
      if (name !== 'image') refuse(invalid(expected('a file in the field image', 'a file', name)));
      if (images > 1)
        refuse(invalid('Expected one image but received more; send many by POST /v1/batches.'));
    });
    parser.on('field', (name, value, _nameCut, valueCut) => {
      if (valueCut)
        refuse(invalid(`Expected at most ${MAX_FIELD_BYTES} bytes for ${name} but received more.`));
      fields.set(name, [...(fields.get(name) ?? []), value]);
    });
    parser.on('fieldsLimit', () =>
      refuse(invalid(`Expected at most ${MAX_FIELDS} fields but received more.`)),
    );
    parser.on('error', (error) => refuse(malformed(error)));
    parser.on('finish', () => {
      if (images === 0) {
        refuse(
          new PublicError('empty_body', 'Expected a file in the field image but received none.'),
        );
        return;
      }
      resolve({
        image: gathering.take(),
        fields: optionsFromText(fields),
      });
    });
    request.pipe(parser);
  });
}

function createParser(request: IncomingMessage, maxImageBytes: number): BusboyInstance {
  try {
    return new Busboy({
      headers: request.headers as BusboyHeaders,
      isPartAFile: (name, _type, filename) => name === 'image' || filename !== undefined,
      limits: {
        fileSize: maxImageBytes,
        fields: MAX_FIELDS,
        fieldSize: MAX_FIELD_BYTES,
        files: 2,
        headerPairs: 20,
      },
    });
  } catch (error) {
    throw malformed(error);
  }
}

function malformed(cause: unknown): PublicError {
  const detail =
    'Expected multipart/form-data with a boundary and an end but received something else.';
  return new PublicError('malformed_multipart', detail, { cause });
}

function invalid(detail: string): PublicError {
  return new PublicError('invalid_request', detail);
}
