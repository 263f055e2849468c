const signs = (text: string) => [...text].map((sign) => sign.charCodeAt(0));
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENING = signs('{[');
const CLOSING = signs('}]');
const SPACES = signs(' \t\r\n');

/** Where a JSON value stands in a text. */
export interface Extent {
  start: number;
  end: number;
}

/**
 * Finds the value that begins at `start`, and of how many parts it is, without building it. Of what is no JSON, some
 * extent whose text is no JSON either.
 */
export function scanValue(text: Buffer, start: number): Extent & { parts: number } {
  let parts = 1;
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const byte = text[at] ?? 0;
    if (byte === QUOTE) {
      at = closingQuote(text, at);
      if (depth === 0) return { start, end: Math.min(at + 1, text.length), parts };
    } else if (OPENING.includes(byte)) {
      depth += 1;
      parts += 1;
    } else if (CLOSING.includes(byte)) {
      depth -= 1;
      if (depth <= 0) return { start, end: depth < 0 ? at : at + 1, parts };
    } else if (depth === 0 && (byte === COMMA || SPACES.includes(byte))) {
      return { start, end: at, parts };
    } else if (byte === COMMA) {
      parts += 1;
    }
  }
  return { start, end: text.length, parts };
}

/** A quote ends a string unless an odd number of backslashes stands before it. */
function closingQuote(text: Buffer, opening: number): number {
  let at = opening;
  for (;;) {
    at = text.indexOf(QUOTE, at + 1);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text[at - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
}

/** The first place from `at` on that is no white space. */
export function skipSpaces(text: Buffer, from: number): number {
  let at = from;
  while (SPACES.includes(text[at] ?? 0)) at += 1;
  return at;
}
