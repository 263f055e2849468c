import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readUpload, shown, streamOf, testLimits } from '../../test/batch-upload.ts';
import { zipBytes } from '../../test/zip-bytes.ts';
import { readForm } from './read-form.ts';

const text = (bytes: string) => Buffer.from(bytes);
let spoolDir: string;

beforeEach(() => {
  spoolDir = mkdtempSync(join(tmpdir(), 'darkroom-spool-'));
});

afterEach(async () => {
  await expect.poll(openSpools).toEqual([]);
  expect(readdirSync(spoolDir)).toEqual([]);
  rmSync(spoolDir, { recursive: true });
});

/** Descriptors of spooled files that this process holds, where the system tells. */
function openSpools(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(spoolDir));
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

const read = (bytes: Buffer, limits = {}) =>
  readUpload(bytes, 'application/zip', { spoolDir, ...limits });

test('gives the members in order, by their full paths, deflated or stored', async () => {
  const { items, code } = await read(
    zipBytes([
      { name: 'a/one.jpg', bytes: text('1') },
      { name: 'two.jpg', bytes: text('2'), method: 0 },
      { name: 'empty.jpg' },
      { name: 'three.jpg', bytes: text('3'), zip64: true },
    ]),
  );
  expect(shown(items)).toEqual(['a/one.jpg: 1', 'two.jpg: 2', 'empty.jpg: ', 'three.jpg: 3']);
  expect(code).toBeUndefined();
});

test('gives members whole, wherever they lie in what is read at once', async () => {
  const members = Array.from({ length: 40 }, (_, index) => ({
    name: `${index}.jpg`,
    bytes: randomBytes(90_000),
    method: index % 2 === 0 ? 0 : 8,
  }));
  const { items } = await read(zipBytes(members));
  const images = items.map((item) => ('image' in item ? item.image : undefined));
  expect(images.map((image, index) => image?.equals(members[index]?.bytes as Buffer))).toEqual(
    members.map(() => true),
  );
});

test("reads names in UTF-8, also where a Mac's zip does not say so, and else in code page 437", async () => {
  const { items } = await read(
    zipBytes([
      { name: '😀ä.jpg' },
      { name: 'ä.jpg', flags: 0 },
      { name: Buffer.from('\x84.jpg', 'latin1'), flags: 0 },
    ]),
  );
  expect(items.map(({ id }) => id)).toEqual(['😀ä.jpg', 'ä.jpg', 'ä.jpg']);
});

test('one member that cannot be taken fails alone', async () => {
  const bytes = text('bytes of an image');
  const good = { name: 'good.jpg', bytes };
  const { items, code } = await read(
    zipBytes([
      good,
      { name: 'encrypted', bytes, flags: 1 },
      { name: 'AES', bytes, method: 99, flags: 1 },
      { name: 'bzip2', bytes, method: 12 },
      { name: 'more than announced', bytes, announced: 5 },
      { name: 'less than announced', bytes, announced: 50 },
      { name: 'stored, more', bytes, method: 0, announced: 5 },
      { name: 'wrong checksum', bytes, checksum: 1 },
      { name: 'link', bytes: text('/etc/passwd'), mode: 0o120777 },
      { name: 'pipe', mode: 0o010644 },
      { name: '../up.jpg', bytes },
      good,
    ]),
  );
  expect(items.map(({ id, ...rest }) => [id, 'code' in rest ? rest.code : 'taken'])).toEqual([
    ['good.jpg', 'taken'],
    ['encrypted', 'malformed_item'],
    ['AES', 'malformed_item'],
    ['bzip2', 'malformed_item'],
    ['more than announced', 'malformed_item'],
    ['less than announced', 'malformed_item'],
    ['stored, more', 'malformed_item'],
    ['wrong checksum', 'malformed_item'],
    ['link', 'malformed_item'],
    ['pipe', 'malformed_item'],
    ['../up.jpg', 'malformed_item'],
    ['good.jpg', 'taken'],
  ]);
  expect(code).toBeUndefined();
});

test('a member whose deflate stream is damaged fails alone', async () => {
  const zip = zipBytes([
    { name: 'damaged', bytes: randomBytes(5000) },
    { name: 'good', bytes: text('1') },
  ]);
  zip.fill(0xff, 37, 137);
  expect((await read(zip)).items.map((item) => 'code' in item && item.code)).toEqual([
    'malformed_item',
    false,
  ]);
});

test('a member of exactly the limit is taken, one byte more is too large, and says so or not', async () => {
  const { items } = await read(
    zipBytes([
      { name: 'exact', bytes: Buffer.alloc(1000) },
      { name: 'honest', bytes: Buffer.alloc(1001) },
      { name: 'lying', bytes: Buffer.alloc(50_000_000), announced: 1000 },
    ]),
    { maxImageBytes: 1000, maxBatchBytes: 200_000 },
  );
  expect(items.map((item) => ('code' in item ? item.code : item.image.length))).toEqual([
    1000,
    'image_too_large',
    'malformed_item',
  ]);
});

test('stops when its members inflate to more than a batch may have', async () => {
  const bytes = Buffer.alloc(50_000);
  const members = Array.from({ length: 30 }, (_, index) => ({ name: `${index}`, bytes }));
  const { items, code } = await read(zipBytes(members), { maxBatchBytes: 1_000_000 });
  expect(items).toHaveLength(20);
  expect(code).toBe('batch_too_large');
});

test('refuses a directory of more than 200,000 members before it reads one', async () => {
  const zip = zipBytes([{ name: 'a' }]);
  // The end record becomes one of zip64, where the count has room.
  const directory = zip.readUInt32LE(zip.length - 6);
  const zip64 = Buffer.alloc(76);
  zip64.writeUInt32LE(0x06064b50);
  zip64.writeBigUInt64LE(200_001n, 32);
  zip64.writeBigUInt64LE(BigInt(directory), 48);
  zip64.writeUInt32LE(0x07064b50, 56);
  zip64.writeBigUInt64LE(BigInt(zip.length - 22), 64);
  const forged = Buffer.concat([zip.subarray(0, -22), zip64, zip.subarray(-22)]);
  expect(await read(forged)).toMatchObject({ items: [], code: 'batch_too_large' });
});

test('places outside the file, also past all numbers, are damage like another', async () => {
  const member = { name: 'a', bytes: text('1') };
  const good = zipBytes([member, { ...member, name: 'b', zip64: true }, { ...member, name: 'c' }]);
  const offset = good.lastIndexOf(Buffer.from([1, 0, 24, 0])) + 20;
  for (const place of [2n ** 63n, 2n ** 53n, 2n ** 40n, BigInt(good.length)]) {
    const zip = Buffer.from(good);
    zip.writeBigUInt64LE(place, offset);
    const { items } = await read(zip);
    expect(items.map(({ id, ...rest }) => [id, 'code' in rest])).toEqual([
      ['a', false],
      ['b', true],
      ['c', false],
    ]);
    // Where zip64's own end record is.
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50);
    locator.writeBigUInt64LE(place, 8);
    const forged = Buffer.concat([good.subarray(0, -22), locator, good.subarray(-22)]);
    expect(await read(forged)).toMatchObject({ items: [], code: 'malformed_archive' });
  }
});

describe('an archive that is', () => {
  const zip = zipBytes([
    { name: 'a', bytes: text('1') },
    { name: 'b', bytes: text('2') },
  ]);
  const damaged = Buffer.from(zip);
  damaged.write('xx', zip.lastIndexOf('PK\x01\x02'));
  const cases: [string, Buffer, string[]][] = [
    ['cut', zip.subarray(0, -30), []],
    ['no zip', text('PK\x03\x04 and no more'), []],
    ['damaged in its directory', damaged, ['a: 1']],
  ];
  test.each(cases)('%s throws malformed_archive after what can be read', async (_, bytes, seen) => {
    const { items, code } = await read(bytes);
    expect(shown(items)).toEqual(seen);
    expect(code).toBe('malformed_archive');
  });
});

test('stands on disk without a name, for its owner alone, and is gone when the reader stops early', async () => {
  const members = Array.from({ length: 9 }, (_, index) => ({ name: `${index}`, bytes: text('1') }));
  const { stream } = streamOf(zipBytes(members));
  const limits = { ...testLimits, spoolDir };
  const form = await readForm({ 'content-type': 'application/zip' }, stream, limits);
  for await (const { id } of form.items) {
    expect(id).toBe('0');
    expect(readdirSync(spoolDir)).toEqual([]);
    for (const fd of openSpools()) expect(statSync(`/proc/self/fd/${fd}`).mode & 0o777).toBe(0o600);
    break;
  }
});

test.each([
  ['the connection is lost', (body: PassThrough) => body.destroy(), 'upload_aborted'],
  ['it is too large', (body: PassThrough) => body.end(Buffer.alloc(200_000)), 'batch_too_large'],
])('leaves nothing on disk when %s', async (_, breakIt, expected) => {
  const body = new PassThrough();
  const reading = readUpload(body, 'application/zip', { spoolDir, maxBatchBytes: 100_000 });
  body.write(Buffer.concat([text('PK\x03\x04'), Buffer.alloc(50_000)]));
  await expect.poll(() => body.readableLength).toBe(0);
  breakIt(body);
  expect(await reading).toMatchObject({ items: [], code: expected });
});

test('a folder that cannot be written to is our fault, and makes no batch', async () => {
  const { code } = await read(zipBytes([]), { spoolDir: '/dev/null/spool' });
  expect(code).toBe('unavailable');
});
