import { expected, PublicError } from '../../shared/errors.ts';

const MAX_ID_CHARACTERS = 1024;

/** An item's id as a string. A number becomes its text. Throws `malformed_item` for what cannot be told apart later. */
export function parseItemId(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  // A whole number past the safe ones has lost its last digits already.
  if (typeof value === 'number' && (Number.isSafeInteger(value) || !Number.isInteger(value))) {
    return String(value);
  }
  if (typeof value !== 'string' || value.length > MAX_ID_CHARACTERS) {
    const what = `a string of at most ${MAX_ID_CHARACTERS} characters`;
    throw new PublicError('malformed_item', expected(what, 'id', value));
  }
  // Half a surrogate pair would make rows that strict JSON parsers refuse.
  return value.replaceAll(/\p{Cs}/gu, '\ufffd');
}
