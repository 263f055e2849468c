import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { itemFromJson } from './item-from-json.ts';

const maxImageBytes = 4 * 2 ** 20;
const image = randomBytes(2 ** 20 + 1);
const base64 = image.toString('base64');
const read = (json: string, isStringTaken = false) =>
  itemFromJson(Buffer.from(json), maxImageBytes, isStringTaken);

const writings: [string, (base64: string) => string][] = [
  ['plain', (text) => text],
  ['as a data URL', (text) => `data:image/png;name=a b;base64,${text}`],
  ["with PHP's slashes", (text) => text.replaceAll('/', '\\/')],
  ["with .NET's plus", (text) => text.replaceAll('+', '\\u002B')],
  ["with MIME's line breaks", (text) => text.replaceAll(/.{76}/g, '$&\\r\\n')],
  ['with spaces', (text) => text.replaceAll(/.{64}/g, '$& ')],
];

describe.each([
  ['small', image.subarray(0, 1001)],
  ['large', image],
])('a %s image', (_, bytes) => {
  test.each(writings)('is the same bytes when its base64 comes %s', (_name, write) => {
    const text = write(bytes.toString('base64'));
    for (const json of [
      `{"id":"a","top_k":3,"image":"${text}"}`,
      ` { "image" : "${text}" , "id":"a", "top_k" : 3 } `,
    ]) {
      const item = read(json);
      expect(item).toMatchObject({ id: 'a', options: { top_k: 3 } });
      expect('image' in item && item.image.equals(bytes)).toBe(true);
    }
    const bare = read(`"${text}"`, true);
    expect('image' in bare && bare.image.equals(bytes)).toBe(true);
  });

  test.each([
    ['a wrong character', (text: string) => `${text.slice(0, -9)}*${text.slice(-8)}`],
    ['a letter from afar', (text: string) => `${text.slice(0, -9)}ä${text.slice(-7)}`],
    ['an escaped quote', (text: string) => `${text.slice(0, -9)}\\"${text.slice(-8)}`],
    [
      'an escaped letter from afar',
      (text: string) => `${text.slice(0, -9)}\\u0141${text.slice(-8)}`,
    ],
    ['a length that is no multiple of four', (text: string) => text.slice(1)],
    ['padding in the middle', (text: string) => `${text.slice(0, 500)}AA==${text.slice(500)}`],
    ['padding where it is cut', (text: string) => `${text.slice(0, 65_535)}=${text.slice(65_536)}`],
    ['a data URL without base64', (text: string) => `data:image/png,${text}`],
    ['a data URL without an end', () => `data:${'x'.repeat(2 * base64.length)}`],
  ])('fails for %s', (_name, spoil) => {
    const text = bytes.toString('base64');
    if (text.length < 65_536 && spoil(text) === `${text}=`) return;
    expect(read(`{"id":"a","image":"${spoil(text)}"}`)).toMatchObject({
      id: 'a',
      code: 'malformed_base64',
    });
  });
});

test('an item that is large and no JSON fails', () => {
  for (const json of [
    `{"id":"a","image":"${base64}"`,
    `{"id":"a","image":"${base64}`,
    `{"id":"a" "image":"${base64}"}`,
    `{"id":"a","image":"${base64}"} x`,
    `{"id":"a","image":"${base64}"x}`,
    `"${base64}" x`,
  ]) {
    expect(read(json, true)).toMatchObject({ code: 'malformed_item' });
  }
});
