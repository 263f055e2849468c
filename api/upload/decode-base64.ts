import { PublicError } from '../../shared/errors.ts';

/**
 * The bytes of a base64 text (RFC 4648, 4: padded, line breaks allowed as MIME's encoders make them) or of a base64
 * data URL (RFC 2397), whose media type is not looked at. Throws `malformed_base64`.
 */
export function decodeBase64(text: string): Buffer {
  let base64 = text;
  if (/^data:/i.test(text)) {
    const comma = text.indexOf(',');
    if (comma < 0 || !/;\s*base64\s*$/i.test(text.slice(0, comma))) {
      throw malformed('a data URL that is not base64');
    }
    base64 = text.slice(comma + 1);
  }
  if (/\s/.test(base64)) base64 = base64.replace(/\s+/g, '');
  // Node's decoder passes over what is wrong; so the text is checked first.
  const wrong = /[^A-Za-z0-9+/=]/.exec(base64);
  if (wrong) throw malformed(`the character ${JSON.stringify(wrong[0])}`);
  if (base64.length % 4 !== 0)
    throw malformed(`${base64.length} characters, which is no multiple of four`);
  const padding = base64.indexOf('=');
  if (padding >= 0 && !/^={1,2}$/.test(base64.slice(padding)))
    throw malformed("a '=' before the end");
  return Buffer.from(base64, 'base64');
}

function malformed(received: string): PublicError {
  return new PublicError('malformed_base64', `Expected base64 for image but received ${received}.`);
}
