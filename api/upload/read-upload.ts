import type { IncomingMessage } from 'node:http';
import { PublicError } from '../../shared/errors.ts';
import type { ImageFormat } from '../../shared/image-formats.ts';
import { type JobOptions, optionsFromText, parseJobOptions } from '../../shared/job-options.ts';
import { readBytes } from './read-bytes.ts';
import { readJson } from './read-json.ts';
import { readMultipart } from './read-multipart.ts';
import { requireImage } from './require-image.ts';
import type { HeldUpload } from './upload-memory.ts';

/** What one request to classify an image carries. */
export interface Upload {
  image: Buffer;
  format: ImageFormat;
  options: JobOptions;
}

/** What bounds an upload: its own length, and the memory of all. */
export interface UploadLimits {
  maxImageBytes: number;
  held: HeldUpload;
}

/** The image's bytes and the fields beside it, before either is looked at. */
export interface RawUpload {
  image: Buffer;
  fields: Record<string, unknown>;
}

/**
 * Reads an image and its options in any of the forms: JSON and multipart as they are called, and with any other
 * content type, also curl's default, the body is the image. Options beside the image win over the query's.
 */
export async function readUpload(
  request: IncomingMessage,
  query: Record<string, string[]>,
  limits: UploadLimits,
): Promise<Upload> {
  const fromQuery = optionsFromText(Object.entries(query));
  // What is wrong with the query is told before the body is read.
  const ofQuery = parseJobOptions(fromQuery);
  const { image, fields } = await readForm(request, limits);
  limits.held.arrived();
  const options =
    Object.keys(fields).length > 0 ? parseJobOptions({ ...fromQuery, ...fields }) : ofQuery;
  return { image, format: requireImage(image), options };
}

function readForm(request: IncomingMessage, limits: UploadLimits): Promise<RawUpload> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  switch (type.trim().toLowerCase()) {
    case 'application/json':
      return readJson(request, limits);
    case 'multipart/form-data':
      return readMultipart(request, limits);
    default:
      return readRaw(request, limits);
  }
}

async function readRaw(
  request: IncomingMessage,
  { maxImageBytes, held }: UploadLimits,
): Promise<RawUpload> {
  if (Number(request.headers['content-length']) > maxImageBytes) throw imageTooLarge(maxImageBytes);
  const tooLarge = () => imageTooLarge(maxImageBytes);
  const image = await readBytes(request, { bytes: maxImageBytes, tooLarge, held });
  return { image, fields: {} };
}

export function imageTooLarge(maxImageBytes: number): PublicError {
  return new PublicError(
    'image_too_large',
    `Expected at most ${maxImageBytes} bytes of image but received more. Send a smaller picture: the model sees only a few hundred pixels of it.`,
  );
}
