import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../shared/ids.ts';
import { submit, succeeded, work } from '../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../test/api/start-api.ts';
import { firstBytes } from '../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';

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

const needRedis: [method: string, path: string][] = [
  ['POST', '/v1/jobs'],
  ['POST', '/v1/classify'],
  ['GET', `/v1/jobs/${newId('job')}`],
  ['GET', `/v1/jobs/${newId('job')}?wait=60`],
  ['DELETE', `/v1/jobs/${newId('job')}`],
  ['DELETE', `/v1/jobs/${newId('job')}/result`],
  ['POST', '/v1/batches'],
  ['GET', '/v1/batches'],
  ['GET', `/v1/batches/${newId('batch')}?wait=60`],
  ['GET', `/v1/batches/${newId('batch')}/results`],
  ['DELETE', `/v1/batches/${newId('batch')}`],
  ['POST', `/v1/batches/${newId('batch')}/retry`],
  ['GET', '/v1/jobs'],
  ['GET', '/v1/dead'],
  ['GET', `/v1/dead/${newId('job')}`],
  ['POST', `/v1/dead/${newId('job')}/retry`],
  ['DELETE', `/v1/dead/${newId('job')}`],
  ['GET', '/v1/models'],
  ['GET', '/v1/model/info'],
  ['GET', '/v1/usage'],
  ['GET', '/readyz'],
];

test('answers 503 without Redis to whatever needs it, and works again when it is back', async () => {
  await redis.stop();
  for (const [method, path] of needRedis) {
    const init = method === 'POST' ? { method, body: firstBytes.png } : { method };
    const { headers, body } = await api.call(path, init);
    expect(body.code, `${method} ${path}`).toBe('unavailable');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect((await api.call('/livez')).status).toBe(200);
  expect((await api.call('/v1/')).status).toBe(200);
  expect((await fetch(`${api.url}/openapi.json`)).status).toBe(200);

  redis = await startRedis({ port: redis.port });
  await expect.poll(async () => (await api.call('/readyz')).status, { timeout: 10_000 }).toBe(200);
  const id = await submit(api);
  const waiting = api.call(`/v1/jobs/${id}?wait=60`);
  await work(api.store, id, succeeded);
  expect((await waiting).body.status).toBe('succeeded');
});

test('says on /readyz what is wrong with Redis, and lives', async () => {
  const own = await startRedis();
  const { call, stop } = await startApi({ redisUrl: own.url });
  own.process.kill('SIGSTOP');
  expect((await call('/livez')).status).toBe(200);
  expect((await call('/readyz')).body.detail).toMatch('(silent)');
  own.process.kill('SIGCONT');
  await expect.poll(async () => (await call('/readyz')).status, { timeout: 10_000 }).toBe(200);
  await own.stop();
  const isGone = async () => (await call('/readyz')).body.detail?.includes('(unreachable)');
  await expect.poll(isGone).toBe(true);
  await stop();
});

test('answers 503 while Redis has no room, and still reads', async () => {
  const small = await startRedis({ args: ['--maxmemory', '8mb'] });
  const full = await startApi({ redisUrl: small.url });
  const id = await submit(full);
  const image = Buffer.concat([firstBytes.png, Buffer.alloc(9 * 2 ** 20)]);
  const { body } = await full.call('/v1/jobs', { method: 'POST', body: image });
  expect(body.code).toBe('unavailable');
  expect((await full.call(`/v1/jobs/${id}`)).body.status).toBe('queued');
  await full.stop();
  await small.stop();
});
