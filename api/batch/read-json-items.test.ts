import { describe, expect, test } from 'vitest';
import { readUpload, shown, streamOf } from '../../test/batch-upload.ts';

const type = 'application/json';
const base64 = (text: string) => Buffer.from(text).toString('base64');

test('gives objects and bare strings in order, and the options before and behind them', async () => {
  const { items, options, code } = await readUpload(
    JSON.stringify({
      model: 'm',
      images: [
        { id: 'a', image: base64('1'), top_k: 3 },
        base64('2'),
        { id: 3, image: base64('3') },
        { filename: 'd.jpg', image: base64('4') },
      ],
      top_k: 2,
    }),
    'application/json; charset=utf-8',
  );
  expect(shown(items)).toEqual(['a: 1', 'undefined: 2', '3: 3', 'd.jpg: 4']);
  expect(items[0]?.options).toEqual({ top_k: 3 });
  expect(options).toEqual({ model: 'm', top_k: 2 });
  expect(code).toBeUndefined();
});

test('reads strings with quotes, brackets and backslashes in them, and any white space', async () => {
  const ids = ['"', '\\', '\\"', '"]}', ',{[', '\\\\"', 'ä😀', '\n'];
  const images = ids.map((id) => ({ id, image: base64('x') }));
  for (const indent of [undefined, 2, '\t']) {
    const { items } = await readUpload(JSON.stringify({ images }, null, indent), type);
    expect(items.map(({ id }) => id)).toEqual(ids);
  }
});

test('an item that is wrong fails alone', async () => {
  const { items, code } = await readUpload(
    JSON.stringify({
      images: [
        base64('1'),
        5,
        null,
        [],
        { id: 'no image' },
        { id: 'no base64', image: '?' },
        { id: 'large', image: base64('x'.repeat(100_001)) },
        { id: 'far too large', image: base64('x'.repeat(200_000)) },
        { id: 'many', more: Array.from({ length: 1000 }, () => ({})) },
        base64('2'),
      ],
    }),
    type,
  );
  expect(items.map((item) => ('code' in item ? item.code : `${item.image}`))).toEqual([
    '1',
    'malformed_item',
    'malformed_item',
    'malformed_item',
    'malformed_item',
    'malformed_base64',
    'image_too_large',
    'image_too_large',
    'malformed_item',
    '2',
  ]);
  expect(code).toBeUndefined();
});

test('half a surrogate pair in an id becomes the sign for what cannot be shown', async () => {
  const { items } = await readUpload('{"images":[{"id":"a\\ud83d","image":"AAAA"}]}', type);
  expect(items[0]?.id).toBe('a\ufffd');
});

describe('refuses before an item is given', () => {
  const image = `"${base64('x')}"`;
  test.each([
    ['no body', '', 'empty_body'],
    ['no JSON', 'hello', 'malformed_json'],
    ['half of it', `{"images":[${image}`, 'malformed_json'],
    ['an end that is missing', `{"images":[${image}]`, 'malformed_json'],
    ['more behind it', `{"images":[${image}]} {}`, 'malformed_json'],
    ['a comma too many in images', `{"images":[${image},]}`, 'malformed_json'],
    ['a comma too many', `{"images":[${image}],}`, 'malformed_json'],
    ['a comma that is missing', `{"images":[${image} ${image}]}`, 'malformed_json'],
    ['a wrong last item', `{"images":[${image},{"image":}]}`, 'malformed_json'],
    ['brackets that do not match', `{"images":[${image},{"image":"" ]}`, 'malformed_json'],
    ['a name without quotes', `{images:[${image}]}`, 'malformed_json'],
    ['a wrong option', `{"top_k":x,"images":[]}`, 'malformed_json'],
    ['what is not UTF-8', Buffer.from('7b22ff223a317d', 'hex'), 'malformed_json'],
    ['an array', `[${image}]`, 'invalid_request'],
    ['no images', '{}', 'invalid_request'],
    ['images that are none', `{"images":${image}}`, 'invalid_request'],
    ['images that are an object', '{"images":{}}', 'invalid_request'],
    ['images twice', '{"images":[],"images":[]}', 'invalid_request'],
    ['a long option', `{"images":[],"model":"${'x'.repeat(5000)}"}`, 'invalid_request'],
    ['many options', `{"images":[]${',"a":1'.repeat(33)}}`, 'invalid_request'],
    ['too many items', `{"images":[${'1,'.repeat(50_000)}1]}`, 'batch_too_large'],
  ])('%s', async (_, body, code) => {
    expect(await readUpload(body, type)).toMatchObject({ items: [], code });
  });
});

test('an empty array is no item, and no fault of the form', async () => {
  expect(await readUpload('{"images":[]}', type)).toEqual({ items: [], options: {} });
});

test('refuses more than 64 MiB of JSON as soon as they are passed', async () => {
  const { stream, given } = streamOf(Buffer.alloc(70 * 2 ** 20, ' '));
  const { code } = await readUpload(stream, type, { maxBatchBytes: 2 ** 31 });
  expect(code).toBe('batch_too_large');
  expect(given()).toBeLessThan(65 * 2 ** 20);
});

test.each([undefined, '70', '100000', '999999'])(
  'reads a body of an announced length of %s, right or not',
  async (length) => {
    const images = Array.from({ length: 20 }, (_, index) => base64(`${index}`.repeat(1000)));
    const headers = { 'content-type': type, 'content-length': length };
    const { items } = await readUpload(JSON.stringify({ images }), headers);
    expect(items).toHaveLength(20);
  },
);
