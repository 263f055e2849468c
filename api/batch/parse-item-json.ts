import { PublicError } from '../../shared/errors.ts';
import { LARGE_BYTES } from '../upload/gather-bytes.ts';
import { scanValue, skipSpaces } from './json-scan.ts';
import { malformedJson, parseExtent, walkObject } from './walk-json.ts';

/** An item is a handful of fields; text of millions of values would take a hundred times its bytes of memory. */
const MAX_PARTS = 100;
const QUOTE = 0x22;

/**
 * The value of an item's JSON text. Of a large one the image is not built as a string: it is a Buffer, the inside of
 * the string as it stands in the text. Throws `malformed_item` for too many values, else `malformed_json`.
 */
export function parseItemJson(text: Buffer): unknown {
  if (scanValue(text, 0).parts > MAX_PARTS) {
    throw new PublicError(
      'malformed_item',
      `Expected at most ${MAX_PARTS} values for an item but received more.`,
    );
  }
  if (text.length <= LARGE_BYTES) return parseExtent(text, { start: 0, end: text.length });
  return insideOfString(text) ?? parseLargeObject(text);
}

function parseLargeObject(text: Buffer): unknown {
  const fields: [string, unknown][] = [];
  const walk = walkObject(text, skipSpaces(text, 0));
  let step = walk.next();
  for (; !step.done; step = walk.next()) {
    const { name, value } = step.value;
    const inside =
      name === 'image' ? insideOfString(text.subarray(value.start, value.end)) : undefined;
    fields.push([name, inside ?? parseExtent(text, value)]);
  }
  if (step.value !== text.length) throw malformedJson();
  return Object.fromEntries(fields);
}

function insideOfString(json: Buffer): Buffer | undefined {
  const isString = json[0] === QUOTE && scanValue(json, 0).end === json.length;
  return isString && json.at(-1) === QUOTE ? json.subarray(1, -1) : undefined;
}
