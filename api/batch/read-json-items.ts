import { isUtf8 } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import { expected, PublicError } from '../../shared/errors.ts';
import { gatherBytes } from '../upload/gather-bytes.ts';
import { maxJsonBytes } from '../upload/read-json.ts';
import type { BatchForm, BatchItem } from './batch-item.ts';
import { itemFromJson } from './item-from-json.ts';
import { type Extent, skipSpaces } from './json-scan.ts';
import { parseItemJson } from './parse-item-json.ts';
import type { UploadBody } from './upload-body.ts';
import { malformedJson, parseExtent, walkArray, walkObject } from './walk-json.ts';

const MAX_BYTES = 64 * 2 ** 20;
/** As many as a batch takes: more are refused before the first is taken. */
const MAX_ITEMS = 50_000;
/** Options are few and short. */
const MAX_OPTIONS = 32;
const MAX_OPTION_BYTES = 4096;
/** What is checked between two looks at whether others want the event loop. */
const BYTES_AT_ONCE = 2 ** 20;
const OPENING_BRACKET = 0x5b;

/**
 * The items of one JSON object. All of it is checked before the first is given, but one item at a time is built, since
 * the whole would take many times the memory of its text.
 */
export async function readJsonItems(
  body: UploadBody,
  announcedBytes: number | undefined,
  maxImageBytes: number,
): Promise<BatchForm> {
  const gathering = gatherBytes(MAX_BYTES, announcedBytes);
  for await (const chunk of body.chunks()) {
    gathering.add(chunk);
    if (gathering.isTooLarge) throw tooLarge(`${MAX_BYTES} bytes of JSON`);
  }
  const text = gathering.take();
  if (text.length === 0)
    throw new PublicError('empty_body', 'Expected a JSON object but received no body.');
  if (!isUtf8(text)) throw malformedJson();
  const { images, options } = await checkBatch(text, maxImageBytes);
  return { items: readItems(text, images, maxImageBytes), options };
}

async function* readItems(
  text: Buffer,
  images: Extent,
  maxImageBytes: number,
): AsyncGenerator<BatchItem> {
  for (const { start, end } of walkArray(text, images.start)) {
    yield itemFromJson(text.subarray(start, end), maxImageBytes, true);
  }
}

interface CheckedBatch {
  images: Extent;
  options: Record<string, unknown>;
}

async function checkBatch(text: Buffer, maxImageBytes: number): Promise<CheckedBatch> {
  const start = skipSpaces(text, 0);
  if (text[start] === OPENING_BRACKET) throw invalid(expected('a JSON object', 'the body', []));
  const options: [string, unknown][] = [];
  let images: Extent | undefined;
  const fields = walkObject(text, start);
  let step = fields.next();
  for (; !step.done; step = fields.next()) {
    const { name, value } = step.value;
    if (name === 'images' && text[value.start] === OPENING_BRACKET) {
      if (images) throw invalid('Expected images once but received it twice.');
      await checkImages(text, value, maxImageBytes);
      images = value;
    } else {
      if (options.length === MAX_OPTIONS)
        throw invalid(`Expected at most ${MAX_OPTIONS} fields but received more.`);
      if (value.end - value.start > MAX_OPTION_BYTES)
        throw invalid(`Expected at most ${MAX_OPTION_BYTES} bytes for ${name} but received more.`);
      options.push([name, parseExtent(text, value)]);
    }
  }
  if (step.value !== text.length) throw malformedJson();
  const wrong = options.find(([name]) => name === 'images');
  if (wrong || !images) throw invalid(expected('an array', 'images', wrong?.[1]));
  return { images, options: Object.fromEntries(options) };
}

async function checkImages(text: Buffer, images: Extent, maxImageBytes: number): Promise<void> {
  let count = 0;
  let rested = images.start;
  const elements = walkArray(text, images.start);
  let step = elements.next();
  for (; !step.done; step = elements.next()) {
    const { start, end } = step.value;
    count += 1;
    if (count > MAX_ITEMS) throw tooLarge(`${MAX_ITEMS} items`);
    if (end - start <= maxJsonBytes(maxImageBytes)) checkItem(text.subarray(start, end));
    if (end - rested > BYTES_AT_ONCE) {
      rested = end;
      await setImmediate();
    }
  }
  if (step.value < images.end) throw malformedJson();
}

/** What only its own item fails for is not told here. */
function checkItem(text: Buffer): void {
  try {
    parseItemJson(text);
  } catch (error) {
    if (!(error instanceof PublicError) || error.code === 'malformed_json') throw error;
  }
}

function tooLarge(limit: string): PublicError {
  const detail = `Expected at most ${limit} but received more. Send JSON Lines, a zip or a tar.`;
  return new PublicError('batch_too_large', detail);
}

function invalid(detail: string): PublicError {
  return new PublicError('invalid_request', detail);
}
