import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** So many photographs, over and over again: those of TEST_IMAGES, or else the few that stand beside the tests. */
export function readPictures(count: number): Buffer<ArrayBuffer>[] {
  const folder = process.env.TEST_IMAGES
    ? join(process.env.TEST_IMAGES, 'photos')
    : 'test/pictures';
  const photos = readdirSync(folder)
    .filter((name) => /\.jpe?g$/i.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name)));
  return Array.from({ length: count }, (_, index) => photos[index % photos.length] ?? Buffer.of());
}
