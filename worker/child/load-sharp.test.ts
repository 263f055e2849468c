import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../../shared/project-root.ts';
import { loadSharp } from './load-sharp.ts';

it('sharp opens the formats that are taken from memory, and nothing else', async () => {
  const file = join(projectRoot(), 'test', 'pictures', 'coffee.jpg');
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>');
  const sharp = await loadSharp();
  expect(await sharp(await readFile(file)).metadata()).toMatchObject({ format: 'jpeg' });
  await expect(sharp(svg).metadata()).rejects.toThrow('unsupported image format');
  await expect(sharp(file).metadata()).rejects.toThrow('unsupported image format');
});
