import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { imagesOf, jsonLinesOf } from '../../test/api/play-batch.ts';
import { succeeded, work } from '../../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { firstBytes, pngOf } from '../../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { startStandInWorker } from '../../test/stand-in-worker.ts';
import { until } from '../../test/until.ts';

let redis: TestRedis;
let client: Redis;
let api: StartedApi;
let other: StartedApi;

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
  const options = { redisUrl: redis.url, env: { API_KEYS: 'ann:a,bob:b,cid:c' } };
  [api, other] = await Promise.all([startApi(options), startApi(options)]);
});
afterAll(async () => {
  await api.stop();
  await other.stop();
  client.disconnect();
  await redis.stop();
});

const ann = { Authorization: 'Bearer a' };

interface Sent {
  by?: StartedApi;
  path?: string;
  body?: RequestInit['body'];
  headers?: Record<string, string>;
}

const post = (
  key: string,
  { by = api, path = '/v1/jobs', body = firstBytes.png, headers = ann }: Sent = {},
) => by.call(path, { method: 'POST', headers: { ...headers, 'Idempotency-Key': key }, body });

const jobsNow = async (headers = ann) =>
  (await api.call('/v1/jobs?limit=100', { headers })).body.jobs ?? [];

const form = () => {
  const body = new FormData();
  body.append('image', new Blob([new Uint8Array(firstBytes.png)]), 'a.png');
  return body;
};

/** Begins an upload of 16 bytes, of which these arrive. */
async function begin(key: string, part: Buffer): Promise<Socket> {
  const socket = connect(api.port, '127.0.0.1');
  socket.on('error', () => undefined);
  const headers = [
    'POST /v1/jobs HTTP/1.1',
    'Host: a',
    'Authorization: Bearer a',
    `Idempotency-Key: ${key}`,
    `Content-Length: ${firstBytes.png.length}`,
  ];
  socket.write(`${headers.join('\r\n')}\r\n\r\n`);
  socket.write(part);
  await until(
    () =>
      client
        .keys('darkroom:idempotency:ann:*')
        .then((keys) => Promise.all(keys.map((name) => client.get(name)))),
    (entries) => entries.some((entry) => entry?.includes('holder')),
  );
  return socket;
}

test('answers a second try with the job of the first, as it stands by then, and makes no other', async () => {
  const before = await jobsNow();
  const first = await post('same');
  expect(first.status).toBe(202);
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  await work(api.store, first.body.id ?? '', succeeded);
  const second = await post('same');
  expect(second.status).toBe(200);
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(second.headers.get('location')).toBe(first.headers.get('location'));
  expect(second.body).toMatchObject({ id: first.body.id, status: 'succeeded' });
  expect(await jobsNow()).toHaveLength(before.length + 1);
});

test('knows a form again, whose boundary is another each time', async () => {
  const first = await post('form', { body: form() });
  const second = await post('form', { body: form() });
  expect([first.status, second.status]).toEqual([202, 200]);
  expect(second.body.id).toBe(first.body.id);
});

test.each([
  ['picture', { body: firstBytes.jpeg }],
  ['option', { path: '/v1/jobs?top_k=3' }],
  [
    'call',
    {
      path: '/v1/batches',
      body: jsonLinesOf(imagesOf('a')),
      headers: { ...ann, 'Content-Type': 'application/jsonl' },
    },
  ],
])('answers 409 to a key that was used with another %s', async (name, sent: Sent) => {
  await post(`other ${name}`);
  const { status, body } = await post(`other ${name}`, sent);
  expect({ status, code: body.code }).toEqual({ status: 409, code: 'idempotency_conflict' });
});

test('the keys of two callers have nothing to do with each other', async () => {
  await post('mine');
  expect((await post('mine', { headers: { Authorization: 'Bearer b' } })).status).toBe(202);
});

test('answers 409 while the first is still arriving, and takes the key again once that is broken', async () => {
  const before = await jobsNow();
  const socket = await begin('slow', firstBytes.png.subarray(0, 8));
  const meanwhile = await post('slow');
  expect(meanwhile.body.code).toBe('idempotency_conflict');
  expect(meanwhile.headers.get('retry-after')).toBe('1');
  socket.destroy();
  const again = await until(
    () => post('slow'),
    ({ status }) => status !== 409,
  );
  expect(again.status).toBe(202);
  expect(await jobsNow()).toHaveLength(before.length + 1);
});

test('a client that is gone before its answer finds its job by trying again', async () => {
  const before = await jobsNow();
  const socket = await begin('lost', firstBytes.png.subarray(0, 8));
  socket.write(firstBytes.png.subarray(8));
  await until(jobsNow, (jobs) => jobs.length === before.length + 1);
  socket.destroy();
  const again = await until(
    () => post('lost'),
    ({ status }) => status !== 409,
  );
  expect(again.status).toBe(200);
  expect((await jobsNow()).map(({ id }) => id)).toEqual([
    again.body.id,
    ...before.map(({ id }) => id),
  ]);
});

test('first tries at the same time, at two APIs, make one job', async () => {
  const cid = { Authorization: 'Bearer c' };
  for (let round = 0; round < 10; round += 1) {
    const tries = [api, other, api, other].map((by) => post(`race ${round}`, { by, headers: cid }));
    const answers = await Promise.all(tries);
    const made = answers.filter(({ status }) => status === 202);
    expect(made).toHaveLength(1);
    for (const { status, body } of answers) {
      expect([200, 202, 409]).toContain(status);
      if (status === 200) expect(body.id).toBe(made[0]?.body.id);
    }
  }
  expect(await jobsNow(cid)).toHaveLength(10);
});

test('gives a job its ticket whose API was killed before the queue had it', async () => {
  const { body } = await post('no ticket');
  await api.queue.remove(body.id ?? '');
  const { waiting } = await api.queue.counts();
  expect((await post('no ticket')).body.id).toBe(body.id);
  expect((await api.queue.counts()).waiting).toBe(waiting + 1);
});

test('makes a new job where that of the first try has been erased', async () => {
  const { body } = await post('erased');
  await work(api.store, body.id ?? '', succeeded);
  await api.call(`/v1/jobs/${body.id}/result`, { method: 'DELETE', headers: ann });
  const again = await post('erased');
  expect(again.status).toBe(202);
  expect(again.body.id).not.toBe(body.id);
});

test('remembers a key for a day', async () => {
  await client.flushall();
  await post('day');
  const [entry = ''] = await client.keys('darkroom:idempotency:ann:*');
  const ttl = await client.ttl(entry);
  expect(ttl).toBeGreaterThan(86_390);
  expect(ttl).toBeLessThanOrEqual(86_400);
});

test('finds the job of the first try also when there is no room for another, and takes a refused key again', async () => {
  await client.flushall();
  const small = await startApi({ redisUrl: redis.url, env: { QUEUE_LIMIT: '1' } });
  onTestFinished(() => small.stop());
  const first = await post('full', { by: small, headers: {} });
  const second = await post('full', { by: small, headers: {} });
  expect([first.status, second.status]).toEqual([202, 200]);
  expect((await post('next', { by: small, headers: {} })).body.code).toBe('queue_full');
  await work(small.store, first.body.id ?? '', succeeded);
  expect((await post('next', { by: small, headers: {} })).status).toBe(202);
});

test.each(['', 'k'.repeat(256)])('answers 422 to a key that is none: %#', async (key) => {
  expect((await post(key)).body.code).toBe('invalid_request');
});

test('finds the job of the first try after the API and Redis have been started anew', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'darkroom-redis-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const args = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const once = async () => {
    const server = await startRedis({ dir, args });
    const started = await startApi({ redisUrl: server.url });
    const { status, body } = await post('restart', { by: started, headers: {} });
    await started.stop();
    await server.stop();
    return { status, id: body.id };
  };
  const first = await once();
  expect(first.status).toBe(202);
  expect(await once()).toEqual({ status: 200, id: first.id });
});

test('a second try at a classification waits for the job of the first, which a lost caller does not cancel', async () => {
  await client.flushall();
  const path = '/v1/classify';
  const hangUp = new AbortController();
  const first = api.call(path, {
    method: 'POST',
    headers: { ...ann, 'Idempotency-Key': 'one call' },
    body: pngOf(100),
    signal: hangUp.signal,
  });
  const [job] = await until(jobsNow, ({ length }) => length === 1);
  const ended = once(api.server, 'request').then(([, response]) => once(response, 'close'));
  hangUp.abort();
  await expect(first).rejects.toThrow('aborted');
  const second = post('one call', { path, body: pngOf(100) });
  const worker = startStandInWorker(redis.url);
  onTestFinished(() => worker.stop());
  const { status, headers } = await second;
  expect({ status, id: headers.get('x-job-id') }).toEqual({ status: 200, id: job?.id });
  expect(headers.get('idempotency-replayed')).toBe('true');
  await ended;
});
