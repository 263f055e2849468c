import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Row } from '../../api/batch/present-row.ts';
import type { JobResult } from '../../shared/job-record.ts';
import { firstBytes } from '../image-bytes.ts';
import { zipBytes } from '../zip-bytes.ts';
import { succeeded, work } from './play-worker.ts';
import type { StartedApi } from './start-api.ts';

export interface Item {
  id: string;
  image: Buffer;
}

/** Images with these names. */
export const imagesOf = (...ids: string[]): Item[] =>
  ids.map((id) => ({ id, image: firstBytes.png }));

export async function tarOf(items: Item[]): Promise<Buffer> {
  const tar = pack();
  for (const { id, image } of items) tar.entry({ name: id }, image);
  tar.finalize();
  return buffer(tar);
}

export function zipOf(items: Item[]): Buffer {
  return zipBytes(items.map(({ id, image }) => ({ name: id, bytes: image })));
}

export function jsonLinesOf(items: Item[]): string {
  return toJson(items)
    .map((item) => `${JSON.stringify(item)}\n`)
    .join('');
}

function toJson(items: Item[]) {
  return items.map(({ id, image }) => ({ id, image: image.toString('base64') }));
}

/** The same items in each of the forms in which a batch comes. */
export const forms: Record<string, (items: Item[]) => Promise<RequestInit>> = {
  async multipart(items) {
    const body = new FormData();
    for (const { id, image } of items) body.append('images', new Blob([new Uint8Array(image)]), id);
    return { body };
  },
  JSON: async (items) => ({
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ images: toJson(items) }),
  }),
  'JSON Lines': async (items) => ({
    headers: { 'Content-Type': 'application/jsonl' },
    body: jsonLinesOf(items),
  }),
  zip: async (items) => ({
    headers: { 'Content-Type': 'application/zip' },
    body: zipOf(items),
  }),
  tar: async (items) => ({
    headers: { 'Content-Type': 'application/x-tar' },
    body: await tarOf(items),
  }),
  'tar.gz': async (items) => ({
    headers: { 'Content-Type': 'application/gzip' },
    body: gzipSync(await tarOf(items)),
  }),
};

/** Submits a batch of images with these names as JSON Lines, and returns its id. */
export async function submitBatch(
  api: StartedApi,
  ids: string[],
  headers: Record<string, string> = {},
): Promise<string> {
  const { status, body } = await api.call('/v1/batches', {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/jsonl' },
    body: jsonLinesOf(imagesOf(...ids)),
  });
  if (status !== 202 || !body.id) throw new Error(`The batch was refused: ${body.code}.`);
  return body.id;
}

/** The rows of a batch as they stand now. */
export async function rowsOf(
  api: StartedApi,
  id: string,
  query = '',
  headers: Record<string, string> = {},
): Promise<Row[]> {
  const { body } = await api.call(`/v1/batches/${id}/results${query}`, { headers });
  return String(body)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** Does with all of a batch that waits what workers do. */
export async function workOff(
  api: StartedApi,
  id: string,
  resultOf: (row: Row) => JobResult = () => succeeded,
  headers: Record<string, string> = {},
): Promise<void> {
  for (const row of await rowsOf(api, id, '?status=queued', headers)) {
    await work(api.store, row.job_id, resultOf(row));
  }
}
