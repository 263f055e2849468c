import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../shared/ids.ts';
import type { JobResult } from '../../shared/job-record.ts';
import { imagesOf, jsonLinesOf, rowsOf, submitBatch, workOff } from '../../test/api/play-batch.ts';
import { failed, giveUp, succeeded, work } from '../../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { idOfAge } from '../../test/id-of-age.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';

let redis: TestRedis;
let api: StartedApi;

beforeAll(async () => {
  redis = await startRedis();
  const env = { API_KEYS: 'ann:a,bob:b,cleo:c', RESULT_TTL: '1h' };
  api = await startApi({ redisUrl: redis.url, env });
});
afterAll(async () => {
  await api.stop();
  await redis.stop();
});

const ann = { Authorization: 'Bearer a' };
const call = (method: string, path: string, headers: Record<string, string> = ann) =>
  api.call(path, { method, headers });

describe('GET /v1/batches/{id}', () => {
  test('says when to ask again, how fast it goes and how long it will take, until it is finished', async () => {
    const id = await submitBatch(api, ['a', 'b', 'c'], ann);
    const waiting = await call('GET', `/v1/batches/${id}`);
    expect(waiting.headers.get('retry-after')).toBe('1');
    expect(waiting.body.images_per_second).toBeUndefined();
    const [first] = await rowsOf(api, id, '', ann);
    await work(api.store, first?.job_id ?? '', succeeded);
    const running = await call('GET', `/v1/batches/${id}`);
    expect(running.body.images_per_second).toBeGreaterThan(0);
    expect(running.body.eta_seconds).toBeGreaterThan(0);
    await workOff(api, id, undefined, ann);
    const { headers, body } = await call('GET', `/v1/batches/${id}`);
    expect(headers.get('retry-after')).toBeNull();
    expect(body).toMatchObject({ status: 'completed', counts: { succeeded: 3 } });
    expect(body.images_per_second ?? body.eta_seconds).toBeUndefined();
  });

  test('?wait= answers at the moment at which the last job ends', async () => {
    const id = await submitBatch(api, ['a', 'b'], ann);
    const waiting = call('GET', `/v1/batches/${id}?wait=60`);
    await workOff(api, id, undefined, ann);
    expect((await waiting).body).toMatchObject({ status: 'completed', counts: { succeeded: 2 } });
  });

  test('?wait= on one of its jobs answers at the moment at which that ends', async () => {
    const id = await submitBatch(api, ['a', 'b'], ann);
    const [first] = await rowsOf(api, id, '', ann);
    const jobId = first?.job_id ?? '';
    const waiting = call('GET', `/v1/jobs/${jobId}?wait=60`);
    await work(api.store, jobId, succeeded);
    expect((await waiting).body).toMatchObject({ id: jobId, status: 'succeeded' });
    await workOff(api, id, undefined, ann);
  });

  test('?wait= answers a batch as it stands when the time is up', async () => {
    const id = await submitBatch(api, ['a'], ann);
    expect((await call('GET', `/v1/batches/${id}?wait=0.05`)).body.status).toBe('processing');
    expect((await call('GET', `/v1/batches/${id}?wait=soon`)).body.code).toBe('invalid_request');
  });
});

const calls: [method: string, path: (id: string) => string][] = [
  ['GET', (id) => `/v1/batches/${id}`],
  ['GET', (id) => `/v1/batches/${id}?wait=60`],
  ['DELETE', (id) => `/v1/batches/${id}`],
  ['GET', (id) => `/v1/batches/${id}/results`],
  ['DELETE', (id) => `/v1/batches/${id}/results`],
  ['POST', (id) => `/v1/batches/${id}/retry`],
];

describe.each(calls)('%s %s', (method, path) => {
  test("answers 404 to what is unknown, no batch's id, or another key's, and changes nothing", async () => {
    const id = await submitBatch(api, ['a'], ann);
    const job = newId('job');
    for (const asked of [newId('batch'), job, 'batch_1', `${id}x`]) {
      expect((await call(method, path(asked))).body.code, asked).toBe('batch_not_found');
    }
    const bob = { Authorization: 'Bearer b' };
    expect((await call(method, path(id), bob)).body.code).toBe('batch_not_found');
    expect((await call('GET', `/v1/batches/${id}`)).body.counts).toMatchObject({ queued: 1 });
    expect((await call(method, path(id), {})).status).toBe(401);
  });

  test('answers 410 to an id older than RESULT_TTL, whoever asks', async () => {
    const id = idOfAge(3_700).replace('job_', 'batch_');
    const { status, body } = await call(method, path(id));
    expect({ status, code: body.code }).toEqual({ status: 410, code: 'expired' });
  });
});

describe('DELETE /v1/batches/{id}', () => {
  test('is at once for what has not begun, and true of what runs', async () => {
    const id = await submitBatch(api, ['a', 'b', 'c'], ann);
    const [first, second] = await rowsOf(api, id, '', ann);
    await work(api.store, first?.job_id ?? '', succeeded);
    await api.store.begin(second?.job_id ?? '', 'w');
    const { body } = await call('DELETE', `/v1/batches/${id}`);
    const counts = { total: 3, queued: 0, processing: 1, succeeded: 1, failed: 0, canceled: 1 };
    expect(body).toMatchObject({ result: 'canceled', batch: { status: 'canceled', counts } });
    expect(body.batch?.finished_at).toBeUndefined();

    const waiting = call('GET', `/v1/batches/${id}?wait=60`);
    await api.store.finish(second?.job_id ?? '', { ...succeeded, finishedAt: Date.now() });
    expect((await waiting).body).toMatchObject({
      status: 'canceled',
      counts: { total: 3, succeeded: 2, canceled: 1 },
      finished_at: expect.any(String),
    });
    expect((await rowsOf(api, id, '', ann)).map(({ status }) => status)).toEqual([
      ...['succeeded', 'succeeded', 'canceled'],
    ]);
    const again = await call('DELETE', `/v1/batches/${id}`);
    expect(again.body.result).toBe('already_finished');
  });
});

describe('POST /v1/batches/{id}/retry', () => {
  test('makes a new batch of what failed for no fault of the image, with its options and names', async () => {
    const { body: sent } = await api.call('/v1/batches?top_k=3', {
      method: 'POST',
      headers: { ...ann, 'Content-Type': 'application/jsonl' },
      body: `${jsonLinesOf(imagesOf('bad', 'ours', 'good'))}{"id":"none","image":"AAAA"}\n`,
    });
    const id = sent.id ?? '';
    expect((await call('POST', `/v1/batches/${id}/retry`)).body.code).toBe('batch_not_final');
    const rows = await rowsOf(api, id, '?status=queued', ann);
    const ours = rows.find((row) => row.id === 'ours');
    await giveUp(api, ours?.job_id ?? '', new Error('ours'));
    const results: Record<string, JobResult> = { bad: failed, good: succeeded };
    await workOff(api, id, (row) => results[row.id] ?? failed, ann);

    const before = (await call('GET', `/v1/batches/${id}`)).body;
    const { status, headers, body } = await call('POST', `/v1/batches/${id}/retry`);
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/batches/${body.id}`);
    expect(body).toMatchObject({ retry_of: id, counts: { total: 1, queued: 1 } });
    const [row] = await rowsOf(api, body.id ?? '', '', ann);
    expect(row?.id).toBe('ours');
    const begun = await api.store.begin(row?.job_id ?? '', 'w');
    expect(begun).toMatchObject({ spec: { topK: 3 }, image: imagesOf('x')[0]?.image });
    expect((await call('GET', `/v1/batches/${id}`)).body).toEqual(before);
    // They have gone over, and are not run twice.
    expect((await call('POST', `/v1/batches/${id}/retry`)).body.code).toBe('empty_batch');
  });

  test('answers 422 where there is nothing to run again, and makes no batch', async () => {
    const id = await submitBatch(api, ['a'], ann);
    await workOff(api, id, undefined, ann);
    const before = (await call('GET', '/v1/batches?limit=100')).body.batches;
    expect((await call('POST', `/v1/batches/${id}/retry`)).body.code).toBe('empty_batch');
    expect((await call('GET', '/v1/batches?limit=100')).body.batches).toEqual(before);
  });
});

describe('DELETE /v1/batches/{id}/results', () => {
  test('leaves nothing to read of a finished batch, its jobs included, and refuses one that is not', async () => {
    const id = await submitBatch(api, ['a', 'b'], ann);
    const rows = await rowsOf(api, id, '', ann);
    expect((await call('DELETE', `/v1/batches/${id}/results`)).body.code).toBe('batch_not_final');
    await workOff(api, id, undefined, ann);
    expect((await call('DELETE', `/v1/batches/${id}/results`)).status).toBe(204);
    for (const path of [`/v1/batches/${id}`, `/v1/batches/${id}/results`]) {
      expect((await call('GET', path)).body.code).toBe('batch_not_found');
    }
    expect((await call('GET', `/v1/jobs/${rows[0]?.job_id}`)).body.code).toBe('job_not_found');
    const { body } = await call('GET', '/v1/batches?limit=100');
    expect(body.batches?.map((batch) => batch.id)).not.toContain(id);
  });
});

describe.each(['batches', 'jobs'] as const)('GET /v1/%s', (list) => {
  test("goes through the key's own, newest first, each once", async () => {
    const cleo = { Authorization: 'Bearer c' };
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const init = { method: 'POST', headers: cleo, body: imagesOf('x')[0]?.image };
      if (list === 'batches') made.unshift(await submitBatch(api, ['x'], cleo));
      else made.unshift((await api.call('/v1/jobs', init as RequestInit)).body.id ?? '');
    }
    const seen: string[] = [];
    for (
      let cursor: string | undefined = '', page = 0;
      cursor !== undefined && page < 9;
      page += 1
    ) {
      const query: string = cursor ? `?limit=2&cursor=${cursor}` : '?limit=2';
      const { body } = await call('GET', `/v1/${list}${query}`, cleo);
      seen.push(...(body[list] ?? []).map(({ id }) => id));
      cursor = body.next_cursor;
    }
    expect(seen).toEqual(made);
    const others = await call('GET', `/v1/${list}`);
    expect(others.body[list]?.filter(({ id }) => made.includes(id))).toEqual([]);
  });

  test.each(['?limit=0', '?limit=101', '?limit=x', '?cursor=x', `?cursor=${newId('job')}x`])(
    'answers 422 to %s',
    async (query) => {
      expect((await call('GET', `/v1/${list}${query}`)).body.code).toBe('invalid_request');
    },
  );
});
