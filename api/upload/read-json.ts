import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { expected, PublicError } from '../../shared/errors.ts';
import { JobOptions } from '../../shared/job-options.ts';
import { decodeBase64 } from './decode-base64.ts';
import { readBytes } from './read-bytes.ts';
import { imageTooLarge, type RawUpload, type UploadLimits } from './read-upload.ts';

/** The JSON form of an upload, for the OpenAPI document and for reading alike. */
export const JsonUpload = z
  .strictObject({
    image: z.string().meta({
      description: 'The image in base64, or as a data URL.',
      example: 'data:image/png;base64,iVBORw0KGgo=',
    }),
    filename: z
      .string()
      .nullish()
      .meta({ description: 'Taken, and not used: the bytes decide what an image is.' }),
    ...JobOptions.shape,
  })
  .meta({ id: 'JsonUpload' });

/**
 * Base64 takes four bytes for three; MIME's line breaks make 80 of 76 when JSON has escaped them, and escaped slashes,
 * as PHP writes them, 65 of 64.
 */
const BASE64_RATIO = (4 / 3) * 1.1;
/** Room for the options and the quotes around the image. */
const JSON_OVERHEAD_BYTES = 16 * 1024;

/** The longest JSON text that an image and its options can be. */
export function maxJsonBytes(maxImageBytes: number): number {
  return Math.ceil(maxImageBytes * BASE64_RATIO) + JSON_OVERHEAD_BYTES;
}

export async function readJson(
  request: IncomingMessage,
  { maxImageBytes, held }: UploadLimits,
): Promise<RawUpload> {
  const limit = maxJsonBytes(maxImageBytes);
  const tooLarge = () => imageTooLarge(maxImageBytes);
  if (Number(request.headers['content-length']) > limit) throw tooLarge();
  const body = parseJson(await readBytes(request, { bytes: limit, tooLarge, held }));
  const { image: text, filename, ...fields } = body;
  requireString('image', text);
  if (filename !== undefined && filename !== null) requireString('filename', filename);
  const image = decodeBase64(text);
  if (image.length > maxImageBytes) throw tooLarge();
  return { image, fields };
}

function parseJson(bytes: Buffer): Record<string, unknown> {
  if (bytes.length === 0)
    throw new PublicError('empty_body', 'Expected a JSON object but received no body.');
  const value = parse(bytes);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new PublicError('invalid_request', expected('a JSON object', 'the body', value));
}

function parse(bytes: Buffer): unknown {
  const received = 'Expected a JSON object but received';
  // Decoding would put other letters in the place of what is wrong.
  if (!isUtf8(bytes))
    throw new PublicError('malformed_json', `${received} bytes that are not UTF-8.`);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new PublicError('malformed_json', `${received} text that is not JSON.`, { cause });
  }
}

function requireString(name: string, value: unknown): asserts value is string {
  if (typeof value === 'string') return;
  throw new PublicError('invalid_request', expected('a string', name, value));
}
