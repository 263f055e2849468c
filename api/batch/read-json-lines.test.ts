import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readUpload, shown, streamOf, testLimits } from '../../test/batch-upload.ts';
import { readForm } from './read-form.ts';

const type = 'application/jsonl';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const line = (id: string | number, image = 'x') => JSON.stringify({ id, image: base64(image) });

test.each(['application/jsonl', 'application/x-ndjson; charset=utf-8'])(
  'gives an item a line of %s, also of the last without a line break',
  async (called) => {
    const { items, code } = await readUpload(`${line('a', '1')}\n${line('b', '2')}`, called);
    expect(shown(items)).toEqual(['a: 1', 'b: 2']);
    expect(code).toBeUndefined();
  },
);

test('passes over empty lines, a byte order mark and carriage returns', async () => {
  const { items } = await readUpload(`\ufeff${line('a')}\r\n\r\n  \n${line('b')}\r\n`, type);
  expect(shown(items)).toEqual(['a: x', 'b: x']);
});

test('reads lines however they are cut into pieces', async () => {
  const lines = Array.from({ length: 50 }, (_, index) => line(`ä${index}`, 'x'.repeat(index)));
  for (const pieceBytes of [1, 7, 64, 1000]) {
    const { stream } = streamOf(`\ufeff${lines.join('\n')}`, pieceBytes);
    const { items } = await readUpload(stream, type);
    expect(shown(items)).toEqual(lines.map((_, index) => `ä${index}: ${'x'.repeat(index)}`));
  }
});

test('carries options beside the image, and takes the id, else the file name, also a number', async () => {
  const { items } = await readUpload(
    [
      { id: 7, image: base64('1'), top_k: 3, model: 'm' },
      { filename: 'a.jpg', image: base64('2') },
      { id: null, filename: null, image: `data:image/png;base64,${base64('3')}` },
    ]
      .map((item) => JSON.stringify(item))
      .join('\n'),
    type,
  );
  expect(items).toEqual([
    { id: '7', image: Buffer.from('1'), options: { top_k: 3, model: 'm' } },
    { id: 'a.jpg', image: Buffer.from('2') },
    { id: undefined, image: Buffer.from('3') },
  ]);
});

test.each([
  ['no JSON', '{ "id": "a", ', undefined, 'malformed_item'],
  ['an array', '[]', undefined, 'malformed_item'],
  ['a bare string', JSON.stringify(base64('x')), undefined, 'malformed_item'],
  ['null', 'null', undefined, 'malformed_item'],
  ['without an image', '{"id":"a"}', 'a', 'malformed_item'],
  ['with an image that is no string', '{"id":"a","image":5}', 'a', 'malformed_item'],
  ['with wrong base64', '{"id":"a","image":"%%%%"}', 'a', 'malformed_base64'],
  ['with an id that is no text', '{"id":{},"image":""}', undefined, 'malformed_item'],
  [
    'with a number that lost digits',
    '{"id":12345678901234567890,"image":""}',
    undefined,
    'malformed_item',
  ],
  [
    'with a longer id',
    JSON.stringify({ id: 'x'.repeat(1025), image: '' }),
    undefined,
    'malformed_item',
  ],
  ['that is not UTF-8', Buffer.from('7b22ff223a317d', 'hex'), undefined, 'malformed_item'],
  ['of a million values', `{"image":[${'1,'.repeat(60_000)}1]}`, undefined, 'malformed_item'],
  ['with a byte of image too many', line('a', 'x'.repeat(100_001)), 'a', 'image_too_large'],
  ['that is far too long', line('a', 'x'.repeat(200_000)), 'a', 'image_too_large'],
  [
    'that is far too long, without an id',
    `{"image":"${'x'.repeat(200_000)}`,
    undefined,
    'image_too_large',
  ],
])('a line %s fails alone', async (_, wrong, id, code) => {
  const body = Buffer.concat([
    Buffer.from(`${line('1')}\n`),
    Buffer.from(wrong as string),
    Buffer.from(`\n${line('2')}`),
  ]);
  const { items } = await readUpload(body, type);
  expect(items).toMatchObject([{ id: '1', image: Buffer.from('x') }, { id, code }, { id: '2' }]);
});

test('takes an image of exactly the limit', async () => {
  const { items } = await readUpload(line('a', 'x'.repeat(100_000)), type);
  expect(items).toMatchObject([{ id: 'a', image: Buffer.alloc(100_000, 'x') }]);
});

test('is read only as far as its items are asked for', async () => {
  const { stream, given } = streamOf(`${line('a', 'x'.repeat(60_000))}\n`.repeat(100));
  const form = await readForm({ 'content-type': type }, stream, testLimits);
  let asked = 0;
  for await (const item of form.items) {
    expect(item.id).toBe('a');
    asked += 1;
    expect(given()).toBeLessThan(asked * 80_100 + 200_000);
  }
  expect(asked).toBe(100);
});

test('does not hold a line without end', async () => {
  const body = new PassThrough();
  const limits = { maxBatchBytes: 50_000_000 };
  const reading = readUpload(body, type, limits);
  const piece = Buffer.alloc(65_536, 'x');
  const before = process.memoryUsage().arrayBuffers;
  for (let index = 0; index < 600; index += 1) {
    if (!body.write(piece)) await new Promise((resolve) => body.once('drain', resolve));
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000);
  body.end();
  expect((await reading).items).toMatchObject([{ code: 'image_too_large' }]);
});

test('stops at the first byte that is too much for a batch, after what had arrived', async () => {
  const body = `${line('a', 'x'.repeat(1000))}\n`.repeat(100);
  const { stream } = streamOf(body, 1000);
  const { items, code } = await readUpload(stream, type, { maxBatchBytes: 50_000 });
  expect(items).toHaveLength(Math.floor(50_000 / (body.length / 100)));
  expect(code).toBe('batch_too_large');
});

test('gives what had arrived whole when the connection is lost, then throws upload_aborted', async () => {
  const body = new PassThrough();
  body.write(`${line('a')}\n${line('b')}\n${line('c').slice(0, 9)}`);
  const form = await readForm({ 'content-type': type }, body, testLimits);
  body.destroy(new Error('reset'));
  const ids: unknown[] = [];
  const reading = async () => {
    for await (const { id } of form.items) ids.push(id);
  };
  await expect(reading()).rejects.toMatchObject({ code: 'upload_aborted' });
  expect(ids).toEqual(['a', 'b']);
});
