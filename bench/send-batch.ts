import { zipBytes } from '../test/zip-bytes.ts';
import { getRequest, openClient, postRequest } from './http-client.ts';
import type { BatchWay, LoadOrder, LoadResult } from './load.ts';

/** Sends one batch and waits until it is completed and its results are read. */
export async function sendBatch(
  { port, model }: LoadOrder,
  { kind, images: count }: BatchWay,
  images: Buffer[],
): Promise<LoadResult> {
  const chosen = Array.from(
    { length: count },
    (_, index) => images[index % images.length] ?? Buffer.alloc(0),
  );
  const path = `/v1/batches${model ? `?model=${model}` : ''}`;
  const request =
    kind === 'zip'
      ? postRequest(
          path,
          zipBytes(chosen.map((bytes, index) => ({ name: `${index}.jpg`, bytes, method: 0 }))),
          'application/zip',
        )
      : postRequest(
          path,
          Buffer.from(chosen.map((image) => `{"image":"${image.toString('base64')}"}\n`).join('')),
          'application/jsonl',
        );
  const client = await openClient(port);
  const startedAt = performance.now();
  let batch: {
    status: string;
    counts: Record<string, number>;
    links: { self: string; results: string };
  } = JSON.parse(await client.send(request));
  while (batch.status !== 'completed') {
    batch = JSON.parse(await client.send(getRequest(`${batch.links.self}?wait=60`)));
  }
  const results = await fetch(`http://127.0.0.1:${port}${batch.links.results}`).then((answer) =>
    answer.text(),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  client.close();
  if (results.match(/"succeeded"/g)?.length !== count) {
    throw new Error(`A batch came out as ${JSON.stringify(batch.counts)}.`);
  }
  return { images: count, seconds, latenciesMs: [], overheadsMs: [] };
}
