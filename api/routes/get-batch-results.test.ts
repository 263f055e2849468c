import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCsv } from '../../test/api/parse-csv.ts';
import { rowsOf, submitBatch } from '../../test/api/play-batch.ts';
import { failed, succeeded, work } from '../../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';

let redis: TestRedis;
let api: StartedApi;
let id: string;

const names = [
  '=HYPERLINK("http://evil")',
  'a "quoted", name',
  'line\nbreak',
  'carriage\rreturn\r\nand both',
  '🐈‍⬛ chat noir.jpg',
  '+1',
  '-1',
  '@SUM(A1)',
  '\ttab',
  "it's",
  ' spaces ',
  'waiting',
];

beforeAll(async () => {
  redis = await startRedis();
  api = await startApi({ redisUrl: redis.url });
  id = await submitBatch(api, names);
  const rows = await rowsOf(api, id);
  for (const { job_id, index } of rows.slice(0, -2)) {
    await work(api.store, job_id, index % 2 === 1 ? failed : succeeded);
  }
  await api.store.begin(rows.at(-2)?.job_id ?? '', 'w');
});
afterAll(async () => {
  await api.stop();
  await redis.stop();
});

const results = (query = '', headers: Record<string, string> = {}) =>
  api.call(`/v1/batches/${id}/results${query}`, { headers });

test('gives a row for every item in the order of the upload, final or not', async () => {
  const { headers } = await results();
  expect(headers.get('content-type')).toBe('application/jsonl; charset=utf-8');
  const rows = await rowsOf(api, id);
  expect(rows.map((row) => row.id)).toEqual(names);
  expect(rows.map(({ index }) => index)).toEqual(names.map((_, index) => index));
  expect(rows.slice(-3).map(({ status }) => status)).toEqual(['failed', 'processing', 'queued']);
  expect(rows[0]).toMatchObject({ predictions: [{ label: 'tabby', confidence: 0.75 }] });
  expect(rows[1]).toMatchObject({ error: { code: 'undecodable_image' } });
});

describe('as CSV', () => {
  test.each([
    ['?format=csv', {}],
    ['', { Accept: 'text/csv' }],
    ['', { Accept: 'text/html;q=0.5, Text/CSV;q=0.9' }],
  ])(
    'that is asked for by %j %j, a CSV reader finds every name again, and no formula',
    async (query, headers) => {
      const answer = await results(query, headers as Record<string, string>);
      expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
      const [head, ...rows] = parseCsv(String(answer.body));
      expect(head?.slice(0, 8)).toEqual([
        ...['index', 'id', 'status', 'error_code'],
        ...['label', 'confidence', 'label_2', 'confidence_2'],
      ]);
      expect(head).toHaveLength(4 + 2 * 5);
      expect(new Set(rows.map(({ length }) => length))).toEqual(new Set([14]));
      const found = rows.map(([, name = '']) => name);
      expect(found.map((name) => name.replace(/^'(?=[=+\-@\t\r])/, ''))).toEqual(names);
      for (const name of found) expect(name).not.toMatch(/^[=+\-@\t\r]/);
      expect(rows[0]?.slice(2, 6)).toEqual(['succeeded', '', 'tabby', '0.75']);
      expect(rows[1]?.slice(2, 5)).toEqual(['failed', 'undecodable_image', '']);
      expect(rows.at(-1)?.slice(2, 5)).toEqual(['queued', '', '']);
    },
  );

  test('of nothing is the head alone, and ?format=jsonl wins over Accept', async () => {
    const { body } = await results('?format=csv&status=canceled');
    expect(parseCsv(String(body))).toHaveLength(1);
    const { headers } = await results('?format=jsonl', { Accept: 'text/csv' });
    expect(headers.get('content-type')).toMatch('application/jsonl');
  });
});

test.each([
  ['?status=failed', [1, 3, 5, 7, 9]],
  ['?status=queued', [11]],
  ['?status=failed&limit=2', [1, 3]],
  ['?status=failed&after=3&limit=2', [5, 7]],
  ['?after=-1&limit=3', [0, 1, 2]],
  ['?after=9', [10, 11]],
  ['?after=11', []],
  ['?after=999999', []],
  ['?limit=999999', names.map((_, index) => index)],
])('%s gives the rows %j', async (query, indexes) => {
  expect((await rowsOf(api, id, query)).map(({ index }) => index)).toEqual(indexes);
});

test.each(['?format=xml', '?status=done', '?after=x', '?after=-2', '?limit=0', '?limit=1.5'])(
  'answers 422 to %s',
  async (query) => {
    expect((await results(query)).body.code).toBe('invalid_request');
  },
);

test('streams more rows than it reads at once, each once', async () => {
  const many = await submitBatch(
    api,
    Array.from({ length: 601 }, (_, index) => `${index}`),
  );
  const rows = await rowsOf(api, many);
  expect(rows.map((row) => row.id)).toEqual(rows.map((_, index) => `${index}`));
  expect(rows).toHaveLength(601);
  expect(await rowsOf(api, many, '?after=150&limit=300')).toHaveLength(300);
});
