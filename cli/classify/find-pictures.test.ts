import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UsageError } from '../usage-error.ts';
import { findPictures } from './find-pictures.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkroom-find-'));
  const names = [
    'b.JPG',
    'a.png',
    'notes.txt',
    '.hidden.png',
    'in/c.webp',
    'in/.git/d.png',
    'in/[e].tiff',
  ];
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
  symlinkSync('..', join(folder, 'in/up'));
  symlinkSync('/nowhere', join(folder, 'in/gone.gif'));
});

afterAll(() => rmSync(folder, { recursive: true }));

const find = async (args: string[], input = '') => {
  const paths = await findPictures(
    args.map((arg) => (arg === '-' ? arg : join(folder, arg))),
    async () => input.replaceAll('@', folder),
  );
  return paths.map((path) => path.slice(folder.length + 1));
};

test('finds the pictures below a folder by their endings, in order, and follows no link to a folder', async () => {
  expect(await find(['.'])).toEqual(['a.png', 'b.JPG', 'in/[e].tiff', 'in/c.webp', 'in/gone.gif']);
});

test('takes a file that is named itself whatever its name', async () => {
  expect(await find(['notes.txt', '.hidden.png'])).toEqual(['notes.txt', '.hidden.png']);
});

test('takes the files and folders that a glob matches, and a file whose name looks like one', async () => {
  expect(await find(['*.{png,JPG}'])).toEqual(['a.png', 'b.JPG']);
  expect(await find(['i*'])).toEqual(['in/[e].tiff', 'in/c.webp', 'in/gone.gif']);
  expect(await find(['in/[e].tiff'])).toEqual(['in/[e].tiff']);
});

test.each([
  ['lines', '@/a.png\n@/missing.png\r\n\n@/in\n'],
  ['zero bytes', '@/a.png\0@/missing.png\0@/in\0'],
])('reads a list of paths that are parted by %s, missing ones too', async (_name, input) => {
  const inside = ['in/[e].tiff', 'in/c.webp', 'in/gone.gif'];
  expect(await find(['-'], input)).toEqual(['a.png', 'missing.png', ...inside]);
});

test('gives a path once, however often it is named', async () => {
  expect(await find(['a.png', '*.png', 'a.png'])).toEqual(['a.png']);
});

test.each(['missing.png', 'missing-*.png'])('refuses %s, which stands for nothing', async (arg) => {
  await expect(find(['a.png', arg])).rejects.toThrow(UsageError);
});
