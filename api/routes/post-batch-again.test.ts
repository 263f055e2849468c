import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { imagesOf, jsonLinesOf, submitBatch, workOff } from '../../test/api/play-batch.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';

let redis: TestRedis;
let api: StartedApi;

beforeAll(async () => {
  redis = await startRedis();
  api = await startApi({ redisUrl: redis.url, env: { API_KEYS: 'ann:a,bob:b' } });
});
afterAll(async () => {
  await api.stop();
  await redis.stop();
});

const ann = { Authorization: 'Bearer a' };
const lines = jsonLinesOf(imagesOf('a', 'b', 'c'));
const type = { 'Content-Type': 'application/jsonl' };

const post = (key: string, body: string, headers: Record<string, string> = ann) =>
  api.call('/v1/batches', {
    method: 'POST',
    headers: { ...headers, ...type, 'Idempotency-Key': key },
    body,
  });
const batchesNow = async () => (await api.call('/v1/batches', { headers: ann })).body.batches ?? [];

/** Begins an upload of ten lines, of which these arrive. */
async function begin(part: string, key?: string): Promise<Socket> {
  const socket = connect(api.port, '127.0.0.1');
  socket.on('error', () => undefined);
  const headers = [
    'POST /v1/batches HTTP/1.1',
    'Host: a',
    'Authorization: Bearer a',
    'Content-Type: application/jsonl',
    ...(key ? [`Idempotency-Key: ${key}`] : []),
    'Content-Length: 100000',
  ];
  const requested = once(api.server, 'request');
  socket.write(`${headers.join('\r\n')}\r\n\r\n${part}`);
  await requested;
  return socket;
}

test('answers a second try with the batch of the first, and makes no other', async () => {
  const first = await post('same', lines);
  expect(first.status).toBe(202);
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  const second = await post('same', lines);
  expect(second.status).toBe(200);
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(second.headers.get('location')).toBe(first.headers.get('location'));
  expect(second.body.id).toBe(first.body.id);
  expect(await batchesNow()).toHaveLength(1);
});

test('answers 409 to the key of another body', async () => {
  await post('other', lines);
  const { status, body } = await post('other', jsonLinesOf(imagesOf('d')));
  expect({ status, code: body.code }).toEqual({ status: 409, code: 'idempotency_conflict' });
});

test('the keys of two callers have nothing to do with each other', async () => {
  await post('mine', lines);
  const { status } = await post('mine', lines, { Authorization: 'Bearer b' });
  expect(status).toBe(202);
});

test('answers 409 while the first is still arriving, and takes the key again once that is broken', async () => {
  const socket = await begin(lines, 'slow');
  await until(batchesNow, ([newest]) => newest?.status === 'receiving');
  expect((await post('slow', lines)).body.code).toBe('idempotency_conflict');
  socket.destroy();
  await until(batchesNow, ([newest]) => newest?.error?.code === 'upload_aborted');
  const again = await until(
    () => post('slow', lines),
    ({ status }) => status !== 409,
  );
  expect(again.status).toBe(202);
  expect((await post('slow', lines)).status).toBe(200);
});

test('makes a new batch where that of the first try has been erased', async () => {
  const { body } = await post('erased', lines);
  await workOff(api, body.id ?? '', undefined, ann);
  const erased = await api.call(`/v1/batches/${body.id}/results`, {
    method: 'DELETE',
    headers: ann,
  });
  expect(erased.status).toBe(204);
  const again = await post('erased', lines);
  expect(again.status).toBe(202);
  expect(again.body.id).not.toBe(body.id);
});

test.each(['', 'k'.repeat(256)])('answers 422 to a key that is none: %#', async (key) => {
  expect((await post(key, lines)).body.code).toBe('invalid_request');
});

test('an upload that is lost half way leaves what had arrived, with its error', async () => {
  const socket = await begin(lines);
  const [receiving] = await until(
    batchesNow,
    ([newest]) => newest?.status === 'receiving' && newest.counts.total === 3,
  );
  socket.destroy();
  const id = receiving?.id ?? '';
  const { body } = await until(
    () => api.call(`/v1/batches/${id}`, { headers: ann }),
    ({ body: { status } }) => status !== 'receiving',
  );
  expect(body).toMatchObject({
    status: 'processing',
    error: { code: 'upload_aborted' },
    counts: { total: 3 },
  });
  await workOff(api, id, undefined, ann);
  const last = await api.call(`/v1/batches/${id}`, { headers: ann });
  expect(last.body).toMatchObject({ status: 'completed', error: { code: 'upload_aborted' } });
});

test('an upload that is lost before its first item leaves nothing', async () => {
  const before = await batchesNow();
  const refused = once(api.server, 'request').then(([, response]) => once(response, 'close'));
  const socket = await begin(lines.slice(0, 20), 'nothing');
  socket.destroy();
  await refused;
  // The key is free when the last of it is gone.
  const again = await until(
    () => post('nothing', lines),
    ({ status }) => status !== 409,
  );
  expect(again.status).toBe(202);
  expect(await batchesNow()).toHaveLength(before.length + 1);
});

test('a cancellation ends an upload that still arrives, which is answered', async () => {
  const socket = await begin(lines);
  const [receiving] = await until(
    batchesNow,
    ([newest]) => newest?.status === 'receiving' && newest.counts.total === 3,
  );
  const path = `/v1/batches/${receiving?.id}`;
  const { body } = await api.call(path, { method: 'DELETE', headers: ann });
  expect(body).toMatchObject({ result: 'canceled', batch: { status: 'canceled' } });
  socket.write(jsonLinesOf(imagesOf('too late')));
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 202 /);
  expect((await api.call(path, { headers: ann })).body.counts).toMatchObject({
    total: 3,
    canceled: 3,
  });
  socket.destroy();
});

test('a batch whose API was killed is closed by the first who reads it two minutes later', async () => {
  const id = await submitBatch(api, ['a'], ann);
  const client = new Redis(redis.url);
  const key = `darkroom:batch:${id}`;
  const old = { status: 'receiving', touched_at: Date.now() - 130_000 };
  await client.hset(key, old);
  expect((await batchesNow())[0]).toMatchObject({ id, status: 'processing' });
  await client.hset(key, old);
  expect((await api.call(`/v1/batches/${id}`, { headers: ann })).body).toMatchObject({
    status: 'processing',
    error: { code: 'upload_aborted' },
  });
  client.disconnect();
});
