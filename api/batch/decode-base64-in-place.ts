import { PublicError } from '../../shared/errors.ts';
import { decodeBase64 } from '../upload/decode-base64.ts';

/** Decoded at once: of a whole image the text would take more memory than the image. A multiple of four. */
const SLICE_CHARACTERS = 2 ** 16;
const MAX_PREFIX_BYTES = 1024;
const [SPACE, BACKSLASH, LETTER_U] = [0x20, 0x5c, 0x75];
const WHITE_SPACE_LETTERS = Buffer.from('nrtf');

/** The bytes that the inside of a JSON string stands for, as `decodeBase64` does, but written over the text itself. */
export function decodeBase64InPlace(json: Buffer): Buffer {
  const text = json.includes(BACKSLASH) || json.includes(SPACE) ? unescapeInPlace(json) : json;
  let written = 0;
  for (let at = prefixLength(text); at < text.length; at += SLICE_CHARACTERS) {
    const slice = text.toString('latin1', at, at + SLICE_CHARACTERS);
    if (at + SLICE_CHARACTERS < text.length && slice.endsWith('='))
      throw malformed("a '=' before the end");
    written += decodeBase64(slice).copy(text, written);
  }
  return text.subarray(0, written);
}

/** How long the beginning of a data URL is, which is checked alone. */
function prefixLength(text: Buffer): number {
  const start = text.toString('latin1', 0, MAX_PREFIX_BYTES);
  if (!/^data:/i.test(start)) return 0;
  const length = start.indexOf(',') + 1;
  decodeBase64(start.slice(0, length || undefined));
  return length;
}

/** White space goes, and what encoders escape though they need not: slashes by PHP, a plus by .NET. */
function unescapeInPlace(json: Buffer): Buffer {
  let written = 0;
  for (let at = 0; at < json.length; at += 1) {
    let byte = json[at] ?? 0;
    if (byte === BACKSLASH) {
      at += 1;
      byte = json[at] ?? 0;
      if (WHITE_SPACE_LETTERS.includes(byte)) byte = SPACE;
      else if (byte === LETTER_U) {
        byte = Number.parseInt(json.toString('latin1', at + 1, at + 5), 16);
        at += 4;
      }
    }
    if (byte === SPACE) continue;
    // Of what is no letter of base64, also a quote or a letter from afar, any such one.
    json[written] = byte < 0x80 ? byte : BACKSLASH;
    written += 1;
  }
  return json.subarray(0, written);
}

function malformed(received: string): PublicError {
  return new PublicError('malformed_base64', `Expected base64 for image but received ${received}.`);
}
