import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  forms,
  type Item,
  imagesOf,
  jsonLinesOf,
  rowsOf,
  submitBatch,
  workOff,
} from '../../test/api/play-batch.ts';
import { submit } from '../../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { firstBytes } from '../../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';

let redis: TestRedis;
let api: StartedApi;

beforeAll(async () => {
  redis = await startRedis();
  api = await startApi({ redisUrl: redis.url });
});
afterAll(async () => {
  await api.stop();
  await redis.stop();
});

const nine: Item[] = Array.from({ length: 9 }, (_, index) => ({
  id: `photos/${index}.png`,
  image: index % 3 === 1 ? Buffer.from('no image at all') : firstBytes.png,
}));

const post = (init: RequestInit, query = '') =>
  api.call(`/v1/batches${query}`, { method: 'POST', ...init });
const postLines = (body: string, query = '') =>
  post({ headers: { 'Content-Type': 'application/jsonl' }, body }, query);

test.each(Object.keys(forms))(
  'takes 6 images and 3 others as %s: rows in order, with their names, counts that sum',
  async (form) => {
    const answer = await post((await forms[form]?.(nine)) ?? {});
    expect(answer.status).toBe(202);
    const { id = '', counts } = answer.body;
    expect(answer.headers.get('location')).toBe(`/v1/batches/${id}`);
    expect(answer.body.status).toBe('processing');
    const none = { processing: 0, succeeded: 0, canceled: 0 };
    expect(counts).toEqual({ total: 9, queued: 6, failed: 3, ...none });

    await workOff(api, id);
    const rows = await rowsOf(api, id);
    expect(rows.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    // A browser sends no folders beside a file's name.
    expect(rows.map((row) => row.id.replace('photos/', ''))).toEqual(
      nine.map((item) => item.id.replace('photos/', '')),
    );
    expect(rows.map(({ error }) => error?.code)).toEqual(
      nine.map((_, index) => (index % 3 === 1 ? 'not_an_image' : undefined)),
    );
    expect(rows[0]?.predictions?.[0]).toMatchObject({ label: 'tabby' });
    const { body } = await api.call(`/v1/batches/${id}?wait=10`);
    expect(body).toMatchObject({ status: 'completed', counts: { succeeded: 6, failed: 3 } });
    expect(body.finished_at).toBeDefined();
  },
);

test('a batch in which nothing is an image is a batch that has completed', async () => {
  const { status, body } = await postLines('{"image": "AAAA"}\nno JSON\n');
  expect(status).toBe(202);
  expect(body).toMatchObject({ status: 'completed', counts: { total: 2, failed: 2 } });
  const rows = await rowsOf(api, body.id ?? '');
  expect(rows.map(({ id }) => id)).toEqual(['0', '1']);
});

test('options of the whole batch hold for each item that has none of its own', async () => {
  const [own = '', other = ''] = jsonLinesOf(imagesOf('own', 'other')).split('\n');
  const item = { ...JSON.parse(own), top_k: 2 };
  const wrong = { ...JSON.parse(own), id: 'wrong', top_k: 0 };
  const lines = [item, JSON.parse(other), wrong].map((line) => JSON.stringify(line)).join('\n');
  const { body } = await postLines(lines, '?top_k=3&min_confidence=0.5');
  const rows = await rowsOf(api, body.id ?? '');
  const begun = await Promise.all(
    rows.slice(0, 2).map(({ job_id }) => api.store.begin(job_id, 'w')),
  );
  expect(begun).toMatchObject([
    { spec: { topK: 2, minConfidence: 0.5 } },
    { spec: { topK: 3, minConfidence: 0.5 } },
  ]);
  expect(rows[2]).toMatchObject({ id: 'wrong', error: { code: 'invalid_request' } });
});

test.each([
  ['a field before the images', 'before'],
  ['a member of the JSON before the images', 'json'],
  ['a member of the JSON after the images', 'json after'],
])('takes options as %s', async (_name, how) => {
  const form = new FormData();
  form.append('top_k', '4');
  form.append('images', new Blob([new Uint8Array(firstBytes.png)]), 'a.png');
  const images = [{ image: firstBytes.png.toString('base64') }];
  const json = {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(how === 'json' ? { top_k: 4, images } : { images, top_k: 4 }),
  };
  const { body } = await post(how === 'before' ? { body: form } : json);
  const [row] = await rowsOf(api, body.id ?? '');
  expect(await api.store.begin(row?.job_id ?? '', 'w')).toMatchObject({ spec: { topK: 4 } });
});

const oneLine = jsonLinesOf(imagesOf('a'));
const refusals: [name: string, code: string, type: string, body: string, query?: string][] = [
  ['no body', 'empty_body', 'application/zip', ''],
  ['no line', 'empty_batch', 'application/jsonl', '\n\n'],
  ['a list without images', 'empty_batch', 'application/json', '{"images":[]}'],
  ['a body that is no JSON', 'malformed_json', 'application/json', '{"images": nothing'],
  ['bytes that are no archive', 'malformed_archive', 'application/x-tar', 'x'.repeat(2000)],
  ['multipart without a boundary', 'malformed_multipart', 'multipart/form-data', 'x'],
  ['a type that is not taken', 'unsupported_batch_type', 'text/plain', oneLine],
  ['one image', 'unsupported_batch_type', 'application/octet-stream', '\x89PNG\r\n\x1a\n'],
  ['an option that is not known', 'invalid_request', 'application/jsonl', oneLine, '?topk=1'],
  ['an option out of bounds', 'invalid_request', 'application/jsonl', oneLine, '?top_k=0'],
];

test.each(refusals)(
  'refuses %s with %s, and leaves no batch',
  async (_name, code, type, body, query = '') => {
    const before = (await api.call('/v1/batches?limit=100')).body.batches?.length;
    const bytes = Buffer.from(body, 'latin1');
    const answer = await post({ headers: { 'Content-Type': type }, body: bytes }, query);
    expect(answer.body.code).toBe(code);
    expect((await api.call('/v1/batches?limit=100')).body.batches).toHaveLength(before ?? -1);
  },
);

test('the list of jobs holds single pictures, and none of a batch', async () => {
  await submitBatch(api, ['a', 'b']);
  const id = await submit(api);
  const { body } = await api.call('/v1/jobs?limit=100');
  expect(body.jobs?.map((job) => job.id)).toEqual([id]);
});
