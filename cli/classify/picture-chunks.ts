import { lookAt, type Picture } from './picture.ts';

/** Bytes of pictures in a batch, beyond a first one of any size: so much work is lost where an upload breaks. */
const MAX_CHUNK_BYTES = 32 * 2 ** 20;

interface ChunkOptions {
  /** Pictures in a batch. */
  size: number;
  /** True of a picture whose row is known already. */
  isKnown: (picture: Picture) => boolean;
}

/** Pictures in the portions in which they are sent. Those that cannot be read are there too, with their failure. */
export async function* pictureChunks(
  paths: string[],
  { size, isKnown }: ChunkOptions,
): AsyncGenerator<Picture[]> {
  let chunk: Picture[] = [];
  let bytes = 0;
  for (const path of paths) {
    const picture = await lookAt(path);
    if (isKnown(picture)) continue;
    if (chunk.length > 0 && (chunk.length === size || bytes + picture.size > MAX_CHUNK_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(picture);
    bytes += picture.size;
  }
  if (chunk.length > 0) yield chunk;
}
