import { isUtf8 } from 'node:buffer';
import { expected, PublicError } from '../../shared/errors.ts';
import { decodeBase64 } from '../upload/decode-base64.ts';
import { maxJsonBytes } from '../upload/read-json.ts';
import { imageTooLarge } from '../upload/read-upload.ts';
import type { BatchItem } from './batch-item.ts';
import { decodeBase64InPlace } from './decode-base64-in-place.ts';
import { failedItem } from './failed-item.ts';
import { parseItemId } from './item-id.ts';
import { parseItemJson } from './parse-item-json.ts';

/**
 * The item that a JSON text stands for: an object, or where `isStringTaken` its image alone. A large image is decoded
 * over its text.
 */
export function itemFromJson(
  text: Buffer,
  maxImageBytes: number,
  isStringTaken: boolean,
): BatchItem {
  let id: string | undefined;
  try {
    if (text.length > maxJsonBytes(maxImageBytes)) {
      id = idAtStart(text);
      throw imageTooLarge(maxImageBytes);
    }
    const value = parse(text);
    const item = isStringTaken && isText(value) ? { image: value } : value;
    if (!isObject(item)) throw malformed(expected('a JSON object', 'an item', item));
    const { id: given, filename, image: base64, ...options } = item;
    id = parseItemId(given) ?? parseItemId(filename);
    if (!isText(base64)) throw malformed(expected('base64', 'image', base64));
    const image = typeof base64 === 'string' ? decodeBase64(base64) : decodeBase64InPlace(base64);
    if (image.length > maxImageBytes) throw imageTooLarge(maxImageBytes);
    return { id, image, ...(Object.keys(options).length > 0 ? { options } : {}) };
  } catch (error) {
    if (error instanceof PublicError) return failedItem(id, error);
    throw error;
  }
}

function parse(text: Buffer): unknown {
  const received = 'Expected a JSON object for an item but received';
  if (!isUtf8(text)) throw malformed(`${received} bytes that are not UTF-8.`);
  try {
    return parseItemJson(text);
  } catch (error) {
    if (!(error instanceof PublicError) || error.code !== 'malformed_json') throw error;
    throw malformed(`${received} text that is not JSON.`, error);
  }
}

/** The id of an item that is too long to be parsed, where it stands first. */
function idAtStart(text: Buffer): string | undefined {
  const start = text.toString('utf8', 0, 2048);
  const id = /^\s*\{\s*"id"\s*:\s*("(?:[^"\\]|\\.)*"|\d+)\s*,/.exec(start)?.[1];
  try {
    return id === undefined ? undefined : parseItemId(JSON.parse(id));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}

function malformed(detail: string, cause?: unknown): PublicError {
  return new PublicError('malformed_item', detail, { cause });
}
