import type { Batch, BatchClient } from './batch-client.ts';
import type { Picture } from './picture.ts';
import type { SentBatch } from './sent-batch.ts';
import { ServerError } from './server-error.ts';

/**
 * Sends a chunk of pictures: as one batch, or as more where the server has not taken all of it at once. Yields each
 * batch as it stands, and notes the failure of a picture that is too large even alone.
 */
export async function* sendChunk(
  client: Pick<BatchClient, 'submit'>,
  chunk: Picture[],
): AsyncGenerator<SentBatch> {
  for (let rest = chunk; rest.length > 0; ) {
    const batch = await submit(client, rest);
    // A batch whose upload broke is of what had arrived.
    const arrived = batch?.error ? batch.counts.total : rest.length;
    if (batch && arrived > 0) {
      yield { batch, pictures: rest.slice(0, arrived), read: 0 };
      rest = rest.slice(arrived);
    } else {
      rest = rest.slice(1);
    }
  }
}

async function submit(
  client: Pick<BatchClient, 'submit'>,
  pictures: Picture[],
): Promise<Batch | undefined> {
  try {
    return await client.submit(pictures);
  } catch (error) {
    const [first] = pictures;
    if (!(error instanceof ServerError && error.code === 'batch_too_large' && first)) throw error;
    first.failure = { code: error.code, title: error.message };
    return undefined;
  }
}
