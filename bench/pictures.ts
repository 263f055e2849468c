import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { sum } from './statistics.ts';

/** Pictures of one kind, as files. */
export interface PictureSet {
  name: string;
  files: string[];
}

export type Pictures = Record<'small' | 'large' | 'png' | 'webp', PictureSet>;

const MOST_PICTURES = 64;

/**
 * The pictures of a run. The small ones are a folder's JPEGs as they are, or, where none is given, the project's own at
 * 500 × 375; the other kinds are made of the first four of them, in `workFolder`.
 */
export async function makePictures(
  workFolder: string,
  folder: string | undefined,
): Promise<Pictures> {
  const sources = findJpegs(folder ?? 'test/pictures');
  const make = async (name: string, [width, height]: [number, number], extension: string) => {
    mkdirSync(join(workFolder, name));
    const made = sources.slice(0, 4).map(async (source, index) => {
      const file = join(workFolder, name, `${index}.${extension}`);
      // 92 gives the 100 KB or so that a photograph of this size has.
      const quality = extension === 'jpg' ? { quality: 92 } : {};
      await sharp(source)
        .resize(width, height)
        .toFormat(extension === 'jpg' ? 'jpeg' : (extension as 'png' | 'webp'), quality)
        .toFile(file);
      return file;
    });
    return describe(name, `${width} × ${height}`, await Promise.all(made));
  };
  return {
    small: folder
      ? describe('JPEG', `of ${basename(folder)}`, sources)
      : await make('JPEG', [500, 375], 'jpg'),
    large: await make('JPEG, 12 megapixels', [4000, 3000], 'jpg'),
    png: await make('PNG', [500, 375], 'png'),
    webp: await make('WebP', [500, 375], 'webp'),
  };
}

function findJpegs(folder: string): string[] {
  const files = readdirSync(folder).filter((name) => /\.jpe?g$/i.test(name));
  if (files.length === 0) {
    throw new Error(`Expected JPEGs in the folder of --pictures but received none in ${folder}.`);
  }
  // As many as one measurement meets, so that all that are compared meet the same.
  const step = Math.ceil(files.length / MOST_PICTURES);
  const chosen = files.sort().filter((_, index) => index % step === 0);
  return chosen.map((name) => join(folder, name));
}

function describe(name: string, size: string, files: string[]): PictureSet {
  const kilobytes = sum(files.map((file) => statSync(file).size)) / files.length / 1000;
  return { name: `${name}, ${size}, ${kilobytes.toFixed(0)} KB`, files };
}
