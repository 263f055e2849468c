import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readUpload, shown, streamOf, testLimits } from '../../test/batch-upload.ts';
import { readForm } from './read-form.ts';

const boundary = 'the-boundary';
const type = `multipart/form-data; boundary=${boundary}`;

interface Part {
  name?: string;
  filename?: string | undefined;
  bytes?: string | Buffer;
}

function part({ name = 'images', filename, bytes = 'x' }: Part): Buffer {
  const file = filename === undefined ? '' : `; filename="${filename}"`;
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(bytes), Buffer.from('\r\n')]);
}

const end = Buffer.from(`--${boundary}--\r\n`);
const multipart = (parts: Part[]) => Buffer.concat([...parts.map(part), end]);

test('gives the files of images and image in order, and fields before and behind them as options', async () => {
  const { items, options, code } = await readUpload(
    multipart([
      { name: 'top_k', bytes: '3' },
      { filename: 'a.jpg', bytes: '1' },
      { name: 'image', filename: 'ä😀.jpg', bytes: '2' },
      { filename: 'C:\\photos\\c.jpg', bytes: '3' },
      { filename: 'folder/../d.jpg', bytes: '4' },
      { bytes: '5' },
      { name: 'model', bytes: 'm' },
    ]),
    type,
  );
  expect(shown(items)).toEqual(['a.jpg: 1', 'ä😀.jpg: 2', 'c.jpg: 3', 'd.jpg: 4', 'undefined: 5']);
  expect(options).toEqual({ top_k: 3, model: 'm' });
  expect(code).toBeUndefined();
});

test('reads what a FormData sends', async () => {
  const form = new FormData();
  for (const id of ['a', 'b']) form.append('images', new Blob([id]), `${id}.jpg`);
  form.append('top_k', '2');
  const { headers, body } = new Request('http://a', { method: 'POST', body: form });
  expect(body).not.toBeNull();
  const bytes = Buffer.from(await new Response(body).arrayBuffer());
  const { items, options } = await readUpload(bytes, headers.get('content-type') ?? '');
  expect(shown(items)).toEqual(['a.jpg: a', 'b.jpg: b']);
  expect(options).toEqual({ top_k: 2 });
});

test('gives the very bytes however the body is cut into pieces', async () => {
  const near = Buffer.from(`\r\n--${boundary.slice(0, -1)}\r\n--\r\n\r`);
  const files = Array.from({ length: 20 }, (_, index) =>
    Buffer.concat([near.subarray(index), randomBytes(index * 40), near, near.subarray(0, index)]),
  );
  const body = multipart(files.map((bytes, index) => ({ filename: `${index}`, bytes })));
  for (let pieceBytes = 1; pieceBytes < 200; pieceBytes += 1) {
    const { items } = await readUpload(streamOf(body, pieceBytes).stream, type);
    expect(items).toHaveLength(files.length);
    const isSame = items.map((item, at) => 'image' in item && files[at]?.equals(item.image));
    expect(isSame).not.toContain(false);
  }
});

test('a file that is too large, in another field, or of too long a name fails alone', async () => {
  const { items, code } = await readUpload(
    multipart([
      { filename: 'exact', bytes: Buffer.alloc(100_000) },
      { filename: 'large', bytes: Buffer.alloc(100_001) },
      { filename: 'very large', bytes: Buffer.alloc(1_000_000) },
      { name: 'photo', filename: 'other', bytes: '1' },
      { filename: 'x'.repeat(1025), bytes: '1' },
      { filename: 'good', bytes: '1' },
    ]),
    type,
  );
  expect(items.map((item) => [item.id, 'code' in item ? item.code : 'taken'])).toEqual([
    ['exact', 'taken'],
    ['large', 'image_too_large'],
    ['very large', 'image_too_large'],
    ['other', 'malformed_item'],
    [undefined, 'malformed_item'],
    ['good', 'taken'],
  ]);
  expect(code).toBeUndefined();
});

test('passes over what a browser sends for an input in which nothing was chosen', async () => {
  const { items, code } = await readUpload(multipart([{ filename: '', bytes: '' }]), type);
  expect(items).toEqual([]);
  expect(code).toBeUndefined();
});

test('gives many small files that come in one piece', async () => {
  const parts = Array.from({ length: 5000 }, (_, index) => ({ filename: `${index}` }));
  const { items } = await readUpload(multipart(parts), type);
  expect(items.map(({ id }) => id)).toEqual(parts.map(({ filename }) => filename));
});

test('a form that ends at once has no item, and no fault', async () => {
  for (const body of [end, `--${boundary}-----\r\nA: b\r\n\r\nx\r\n${end}`]) {
    expect(await readUpload(body, type)).toEqual({ items: [], options: {} });
  }
});

describe('throws', () => {
  test.each([
    ['malformed_multipart for no boundary', multipart([{}]), 'multipart/form-data', []],
    ['malformed_multipart for no end', part({ filename: 'a' }), type, []],
    [
      'malformed_multipart for a cut file, after those that are whole',
      multipart([{ filename: 'a' }, { filename: 'b' }, { filename: 'c' }]).subarray(0, -22),
      type,
      ['a: x', 'b: x'],
    ],
    ['malformed_multipart for a cut head', part({}).subarray(0, 30), type, []],
    ['malformed_multipart for nothing', Buffer.alloc(0), type, []],
    ['malformed_multipart for what has no part', Buffer.from('hello'), type, []],
    [
      'invalid_request for a long field',
      multipart([{ name: 'a', bytes: 'x'.repeat(2000) }]),
      type,
      [],
    ],
    ['invalid_request for many fields', multipart(Array(40).fill({ name: 'a' })), type, []],
  ])('%s', async (name, body, called, seen) => {
    const { items, code } = await readUpload(body, called);
    expect(shown(items)).toEqual(seen);
    expect(name).toContain(code);
  });
});

test('gives what had arrived whole when the connection is lost, then throws upload_aborted', async () => {
  const body = new PassThrough();
  body.write(multipart([{ filename: 'a' }, { filename: 'b' }, { filename: 'c' }]).subarray(0, -30));
  const form = await readForm({ 'content-type': type }, body, testLimits);
  body.destroy(new Error('reset'));
  const ids: unknown[] = [];
  const reading = async () => {
    for await (const { id } of form.items) ids.push(id);
  };
  await expect(reading()).rejects.toMatchObject({ code: 'upload_aborted' });
  expect(ids).toEqual(['a', 'b']);
});

test('is read only as far as its items are asked for', async () => {
  const parts = Array.from({ length: 99 }, () => ({ filename: 'a', bytes: randomBytes(90_000) }));
  const { stream, given } = streamOf(multipart(parts));
  const form = await readForm({ 'content-type': type }, stream, testLimits);
  let asked = 0;
  for await (const item of form.items) {
    expect(item).toHaveProperty('image');
    asked += 1;
    expect(given()).toBeLessThan(asked * 91_000 + 200_000);
  }
  expect(asked).toBe(99);
});

test('stops where it has more bytes than a batch may have', async () => {
  const parts = Array.from({ length: 20 }, () => ({ filename: 'a', bytes: randomBytes(9000) }));
  const { stream } = streamOf(multipart(parts), 1000);
  const { items, code } = await readUpload(stream, type, { maxBatchBytes: 100_000 });
  expect(items).toHaveLength(10);
  expect(code).toBe('batch_too_large');
});
