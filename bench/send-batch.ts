import { tarOf } from '../test/api/play-batch.ts';
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
  const { contentType, bytes } = await formOf(kind, chosen);
  const request = postRequest(path, bytes, contentType);
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

/** The same images in the form that is asked for. */
async function formOf(
  kind: BatchWay['kind'],
  images: Buffer[],
): Promise<{ contentType: string; bytes: Buffer }> {
  const named = images.map((image, index) => ({ id: `${index}.jpg`, image }));
  switch (kind) {
    case 'zip': {
      const members = named.map(({ id, image }) => ({ name: id, bytes: image, method: 0 }));
      return { contentType: 'application/zip', bytes: zipBytes(members) };
    }
    case 'tar':
      return { contentType: 'application/x-tar', bytes: await tarOf(named) };
    case 'multipart': {
      const body = new FormData();
      for (const { id, image } of named) body.append('images', new Blob([image]), id);
      const form = new Response(body);
      const contentType = form.headers.get('Content-Type') ?? '';
      return { contentType, bytes: Buffer.from(await form.arrayBuffer()) };
    }
    case 'jsonl': {
      const lines = images.map((image) => `{"image":"${image.toString('base64')}"}\n`);
      return { contentType: 'application/jsonl', bytes: Buffer.from(lines.join('')) };
    }
  }
}
