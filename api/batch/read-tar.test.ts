import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type Headers, pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { readUpload, shown, streamOf, testLimits } from '../../test/batch-upload.ts';
import { readForm } from './read-form.ts';

type Member = [header: Headers | string, bytes?: string | Buffer];

function tarBytes(members: Member[]): Promise<Buffer> {
  const tar = pack();
  for (const [header, bytes] of members) {
    tar.entry(typeof header === 'string' ? { name: header } : header, bytes ?? '');
  }
  tar.finalize();
  return buffer(tar);
}

const forms: [string, string, (tar: Buffer) => Buffer][] = [
  ['a tar', 'application/x-tar', (tar) => tar],
  ['a gzipped tar', 'application/gzip', (tar) => gzipSync(tar)],
];

describe.each(forms)('%s', (_, type, wrap) => {
  const read = async (members: Member[], limits = {}) =>
    readUpload(wrap(await tarBytes(members)), type, limits);

  test('gives the members in order, by their full paths, also long ones', async () => {
    const long = `${'folder/'.repeat(40)}ä😀.jpg`;
    const { items, code } = await read([['./a.jpg', '1'], [long, '2'], ['empty.jpg']]);
    expect(shown(items)).toEqual(['./a.jpg: 1', `${long}: 2`, 'empty.jpg: ']);
    expect(code).toBeUndefined();
  });

  test('a link, a device, a path that leads out and one that is too large fail alone', async () => {
    const { items, code } = await read([
      ['good.jpg', '1'],
      [{ name: 'symlink', type: 'symlink', linkname: '/etc/passwd' }],
      [{ name: 'link', type: 'link', linkname: 'good.jpg' }],
      [{ name: 'device', type: 'character-device' }],
      [{ name: 'fifo', type: 'fifo' }],
      ['a/../../b.jpg', '2'],
      ['large.jpg', Buffer.alloc(100_001)],
      ['last.jpg', Buffer.alloc(100_000, '3')],
    ]);
    expect(items.map((item) => ('code' in item ? item.code : item.image.length))).toEqual([
      1,
      'malformed_item',
      'malformed_item',
      'malformed_item',
      'malformed_item',
      'malformed_item',
      'image_too_large',
      100_000,
    ]);
    expect(code).toBeUndefined();
  });

  test('stops where it has more bytes than a batch may have', async () => {
    const members = Array.from(
      { length: 20 },
      (_, index): Member => [`${index}`, randomBytes(9000)],
    );
    const { items, code } = await read(members, { maxBatchBytes: 100_000 });
    expect(items.length).toBeGreaterThan(4);
    expect(items.length).toBeLessThanOrEqual(10);
    expect(code).toBe('batch_too_large');
  });

  test('cut off, gives what had arrived whole, then throws malformed_archive', async () => {
    const members = Array.from({ length: 9 }, (_, index): Member => [`${index}`, randomBytes(100)]);
    const whole = wrap(await tarBytes(members));
    const { items, code } = await readUpload(whole.subarray(0, whole.length * 0.55), type);
    expect(items.map(({ id }) => id)).toEqual(['0', '1', '2', '3', '4'].slice(0, items.length));
    expect(items.length).toBeGreaterThanOrEqual(4);
    expect(code).toBe('malformed_archive');
  });

  test('gives what had arrived whole when the connection is lost, then throws upload_aborted', async () => {
    const members = Array.from({ length: 9 }, (_, index): Member => [`${index}`, randomBytes(100)]);
    const whole = wrap(await tarBytes(members));
    const body = new PassThrough();
    body.write(whole.subarray(0, whole.length * 0.55));
    const form = await readForm({ 'content-type': type }, body, testLimits);
    body.destroy(new Error('reset'));
    const ids: unknown[] = [];
    const reading = async () => {
      for await (const { id } of form.items) ids.push(id);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'upload_aborted' });
    expect(ids.length).toBeGreaterThanOrEqual(4);
  });

  test('is read only as far as its items are asked for', async () => {
    const members = Array.from(
      { length: 99 },
      (_, index): Member => [`${index}`, randomBytes(90_000)],
    );
    const { stream, given } = streamOf(wrap(await tarBytes(members)));
    const form = await readForm({ 'content-type': type }, stream, testLimits);
    let asked = 0;
    for await (const item of form.items) {
      expect(item).toHaveProperty('image');
      asked += 1;
      expect(given()).toBeLessThan(asked * 92_000 + 600_000);
    }
    expect(asked).toBe(99);
  });

  test('lets go of the connection when the reader stops early', async () => {
    const members = Array.from(
      { length: 50 },
      (_, index): Member => [`${index}`, randomBytes(90_000)],
    );
    const whole = wrap(await tarBytes(members));
    const body = new PassThrough();
    body.write(whole.subarray(0, 300_000));
    const form = await readForm({ 'content-type': type }, body, testLimits);
    for await (const item of form.items) {
      expect(item.id).toBe('0');
      break;
    }
    body.resume();
    body.end(whole.subarray(300_000));
    await expect.poll(() => body.readableEnded).toBe(true);
    for (const event of ['readable', 'end', 'close'] as const) {
      expect(body.listeners(event).filter(({ name }) => name === 'done')).toEqual([]);
    }
  });
});

test('a tar that is called gzip, or the other way round, is read as what it is', async () => {
  const tar = await tarBytes([['a', '1']]);
  expect(shown((await readUpload(tar, 'application/gzip')).items)).toEqual(['a: 1']);
  expect(shown((await readUpload(gzipSync(tar), 'application/x-tar')).items)).toEqual(['a: 1']);
});

test('a gzip that inflates without end is stopped', async () => {
  const bomb = gzipSync(await tarBytes([['bomb', Buffer.alloc(50_000_000)]]));
  expect(await readUpload(bomb, 'application/gzip')).toMatchObject({ code: 'batch_too_large' });
});

test('a gzip that is damaged, or holds no tar, throws malformed_archive', async () => {
  const gzip = gzipSync(await tarBytes([['a', randomBytes(5000)]]));
  gzip.fill(0, 2000, 2100);
  for (const body of [gzip, gzipSync('hello'), gzipSync(randomBytes(5000))]) {
    expect(await readUpload(body, 'application/gzip')).toMatchObject({
      items: [],
      code: 'malformed_archive',
    });
  }
});

describe('a tar whose headers are hostile', () => {
  test.each([
    ['a size below zero', { size: '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xf0' }],
    ['a size that is no number', { size: 'zzz' }],
    ['a size past all numbers', { size: '\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' }],
    ['a wrong checksum', { type: '0', checksum: '000001\0 ' }],
    ['attributes that are none', { type: 'x' }],
    ['attributes of no length', { type: 'x' }, '11 path=aa\n\n'],
    ['attributes that are too long', { type: 'x', size: '00077777777\0' }],
    ['a long name without end', { type: 'L', size: '77777777777\0' }],
  ])('throws malformed_archive for %s', async (_, fields, bytes = '2') => {
    const tar = await tarBytes([
      ['good', '1'],
      ['bad', bytes],
      ['last', '3'],
    ]);
    forge(tar.subarray(1024, 1536), fields);
    const { items, code } = await readUpload(tar, 'application/x-tar');
    expect(shown(items)).toEqual(['good: 1']);
    expect(code).toBe('malformed_archive');
  });

  test.each(['1', '2', '3', '5', '6'])(
    'reads on behind a member of type %s that says it has bytes, which it has not',
    async (type) => {
      const tar = await tarBytes([['odd'], ['good', '1']]);
      forge(tar.subarray(0, 512), { type, size: '00000001000\0' });
      const { items, code } = await readUpload(tar, 'application/x-tar');
      expect(shown(items.slice(-1))).toEqual(['good: 1']);
      expect(code).toBeUndefined();
    },
  );

  test('a name of more than 1 MiB is not held', async () => {
    const { stream, given } = streamOf(
      await tarBytes([[{ name: 'a', pax: { path: 'y'.repeat(6_000_000) } } as Headers]]),
    );
    expect((await readUpload(stream, 'application/x-tar')).code).toBe('malformed_archive');
    expect(given()).toBeLessThan(200_000);
  });
});

test('reads a size in base 256, and the long names of GNU tar', async () => {
  const long = `${'folder/'.repeat(40)}a.jpg`;
  const tar = await tarBytes([
    ['././@LongLink', `${long}\0`],
    ['cut', '1'],
  ]);
  forge(tar.subarray(0, 512), { type: 'L' });
  forge(tar.subarray(1024, 1536), { size: '\x80\0\0\0\0\0\0\0\0\0\0\x01' });
  expect(shown((await readUpload(tar, 'application/x-tar')).items)).toEqual([`${long}: 1`]);
});

test('a tar that is cut between two members throws malformed_archive', async () => {
  const tar = await tarBytes([
    ['a', '1'],
    ['b', '2'],
  ]);
  const { items, code } = await readUpload(tar.subarray(0, 1024), 'application/x-tar');
  expect(shown(items)).toEqual(['a: 1']);
  expect(code).toBe('malformed_archive');
});

/** Writes other fields into a header, and the checksum that it then has. */
function forge(header: Buffer, fields: { size?: string; type?: string; checksum?: string }): void {
  if (fields.size) header.fill(0, 124, 136).write(fields.size, 124, 'latin1');
  if (fields.type) header.write(fields.type, 156);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(fields.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
