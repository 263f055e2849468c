import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openResumeFile } from './resume-file.ts';
import type { Row } from './row.ts';

const cat: Row = {
  path: 'cat "é".jpg',
  status: 'succeeded',
  predictions: [],
  size: 5,
  mtime: 'then',
};
const bad: Row = {
  path: 'bad.jpg',
  status: 'failed',
  error: { code: 'undecodable_image', title: 'The image cannot be decoded.' },
  size: 6,
  mtime: 'then',
};
const lines = (...rows: Row[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkroom-resume-'));
  path = join(folder, 'rows.jsonl');
});

afterEach(() => rmSync(folder, { recursive: true }));

test('takes off a last line that is half written, and goes on behind the one before', async () => {
  const second = lines(bad);
  for (let cut = 0; cut < second.length; cut += 1) {
    writeFileSync(path, lines(cat) + second.slice(0, cut));
    const file = await openResumeFile(path, undefined);
    await file.append([bad]);
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe(lines(cat, bad));
  }
});

test('knows a picture as long as its size, its time of change and the model are the same', async () => {
  writeFileSync(path, lines(cat, bad));
  const file = await openResumeFile(path, undefined);
  const picture = { path: cat.path, size: 5, mtime: 'then' };
  expect(file.statusOf(picture)).toBe('succeeded');
  expect(file.statusOf({ path: bad.path, size: 6, mtime: 'then' })).toBe('failed');
  expect(file.statusOf({ ...picture, size: 7 })).toBeUndefined();
  expect(file.statusOf({ ...picture, mtime: 'now' })).toBeUndefined();
  expect(file.statusOf({ ...picture, path: 'other.jpg' })).toBeUndefined();
  await file.close();
  const other = await openResumeFile(path, 'another-model');
  expect(other.statusOf(picture)).toBeUndefined();
  await other.close();
});

test('leaves out what another try may still classify', async () => {
  const file = await openResumeFile(path, undefined);
  const failed = (code: string): Row => ({
    path: 'a',
    status: 'failed',
    error: { code, title: '' },
  });
  await file.append([
    failed('internal'),
    failed('unreadable_file'),
    { path: 'b', status: 'canceled' },
    cat,
  ]);
  await file.close();
  expect(readFileSync(path, 'utf8')).toBe(lines(cat));
});

test.each([
  ['a picture', '\x89PNG\r\n\x1a\n\0\0\0\rIHDR'],
  ['a text without a line break', 'Dear diary'],
  ['JSON of another kind', '{"path":"a"}\n{"id":7}\n'],
])('refuses %s, and does not touch it', async (_name, text) => {
  writeFileSync(path, text, 'latin1');
  await expect(openResumeFile(path, undefined)).rejects.toThrow(/for --resume but line 1 of/);
  expect(readFileSync(path, 'latin1')).toBe(text);
});
