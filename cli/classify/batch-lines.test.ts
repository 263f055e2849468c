import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { batchLines } from './batch-lines.ts';
import type { Picture } from './picture.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkroom-lines-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function picture(name: string, bytes?: Buffer): Picture {
  const path = join(folder, name);
  if (bytes) writeFileSync(path, bytes);
  return { path, size: bytes?.length ?? 0, mtime: '' };
}

async function read(pictures: Picture[], stop = new AbortController().signal) {
  let text = '';
  for await (const piece of batchLines(pictures, stop)) text += piece;
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): { id: string; image: string } => JSON.parse(line));
}

test.each([0, 1, 3 * 2 ** 16 - 1, 3 * 2 ** 16, 3 * 2 ** 16 + 1, 500_000])(
  'carries a file of %i bytes exactly, and its path',
  async (size) => {
    const bytes = Buffer.from(Array.from({ length: size }, (_, index) => (index * 7) % 256));
    const odd = picture('=“odd”, "name"\n🐱.jpg', bytes);
    const [line] = await read([odd]);
    expect(line?.id).toBe(odd.path);
    expect(Buffer.from(line?.image ?? '', 'base64').equals(bytes)).toBe(true);
  },
);

test('a file that has vanished keeps its place, and notes why it failed', async () => {
  const gone = picture('gone.jpg');
  const lines = await read([picture('a.jpg', Buffer.of(1)), gone, picture('b.jpg', Buffer.of(2))]);
  expect(lines.map(({ image }) => image)).toEqual(['AQ==', '', 'Ag==']);
  expect(gone.failure).toMatchObject({
    code: 'unreadable_file',
    detail: 'ENOENT: no such file or directory',
  });
});

test('ends behind a whole line when it is stopped', async () => {
  const stopping = new AbortController();
  const pictures = [picture('a.jpg', Buffer.of(1)), picture('b.jpg', Buffer.of(2))];
  let text = '';
  for await (const piece of batchLines(pictures, stopping.signal)) {
    text += piece;
    stopping.abort();
  }
  expect(text).toMatch(/^\{"id":".*a\.jpg","image":"AQ=="\}\n$/);
});
