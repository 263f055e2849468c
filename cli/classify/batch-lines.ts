import { open } from 'node:fs/promises';
import type { Picture } from './picture.ts';
import { unreadable } from './row.ts';

/** What the API takes as an item's id; its rows are told apart by their index. */
const MAX_ID_CHARACTERS = 1024;
/** Bytes read at once: a whole number of base64's triples, so that pieces can be joined. */
const READ_BYTES = 3 * 2 ** 16;

/**
 * A batch as JSON Lines, a line a picture: the form whose ids hold any path exactly. No file is in memory whole. A
 * file that cannot be read any more notes its failure, and its line holds its place. Ends between two lines when
 * `stop` aborts, so that the server makes a batch of what it has, which can be canceled.
 */
export async function* batchLines(pictures: Picture[], stop: AbortSignal): AsyncGenerator<string> {
  for (const picture of pictures) {
    if (stop.aborted) return;
    yield `{"id":${JSON.stringify(picture.path.slice(-MAX_ID_CHARACTERS))},"image":"`;
    try {
      yield* base64(picture.path);
    } catch (error) {
      picture.failure = unreadable(error);
    }
    yield '"}\n';
  }
}

async function* base64(path: string): AsyncGenerator<string> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(READ_BYTES);
    for (let held = 0; ; ) {
      const { bytesRead } = await file.read(buffer, held, READ_BYTES - held);
      held += bytesRead;
      if (bytesRead > 0 && held < READ_BYTES) continue;
      if (held > 0) yield buffer.toString('base64', 0, held);
      if (bytesRead === 0) return;
      held = 0;
    }
  } finally {
    await file.close();
  }
}
