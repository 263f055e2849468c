import { PublicError } from '../../shared/errors.ts';
import { type Extent, scanValue, skipSpaces } from './json-scan.ts';

/** A field of an object, with the place of its value. */
export interface JsonField {
  name: string;
  value: Extent;
}

/** Walks over the fields of the object that begins at `start`, and returns the place behind it. Throws `malformed_json`. */
export function* walkObject(text: Buffer, start: number): Generator<JsonField, number> {
  let at = skipSign(text, start, '{');
  let isOver = text[at] === sign('}');
  while (!isOver) {
    const key = scanValue(text, at);
    const name = parseExtent(text, key);
    if (typeof name !== 'string') throw malformedJson();
    const value = scanValue(text, skipSign(text, key.end, ':'));
    yield { name, value };
    at = skipSpaces(text, value.end);
    isOver = text[at] === sign('}');
    if (!isOver) at = skipSign(text, at, ',');
  }
  return skipSign(text, at, '}');
}

/** Walks over the elements of the array that begins at `start`, and returns the place behind it. Throws `malformed_json`. */
export function* walkArray(text: Buffer, start: number): Generator<Extent, number> {
  let at = skipSign(text, start, '[');
  let isOver = text[at] === sign(']');
  while (!isOver) {
    const element = scanValue(text, at);
    yield element;
    at = skipSpaces(text, element.end);
    isOver = text[at] === sign(']');
    if (!isOver) at = skipSign(text, at, ',');
  }
  return skipSign(text, at, ']');
}

/** The value of an extent. Throws `malformed_json`. */
export function parseExtent(text: Buffer, { start, end }: Extent): unknown {
  try {
    return JSON.parse(text.toString('utf8', start, end));
  } catch (cause) {
    throw malformedJson(cause);
  }
}

export function malformedJson(cause?: unknown): PublicError {
  const detail = 'Expected a JSON object but received text that is not JSON.';
  return new PublicError('malformed_json', detail, { cause });
}

function skipSign(text: Buffer, from: number, wanted: string): number {
  const at = skipSpaces(text, from);
  if (text[at] !== sign(wanted)) throw malformedJson();
  return skipSpaces(text, at + 1);
}

function sign(text: string): number {
  return text.charCodeAt(0);
}
