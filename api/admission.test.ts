import { request } from 'node:http';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PublicError } from '../shared/errors.ts';
import { submit, succeeded, work } from '../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../test/api/start-api.ts';
import { firstBytes } from '../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { type AdmissionOptions, createAdmission } from './admission.ts';

const MiB = 2 ** 20;

/** An admission of 1,000 jobs, 100 MiB of images and a Redis of 200 MiB, in which little is. */
function admissionOf(state: {
  images?: number;
  bytes?: number;
  usedBytes?: number;
  rate?: number;
}) {
  const { images = 1, bytes = 1, usedBytes = 1, rate = 10 } = state;
  const options: AdmissionOptions = {
    stored: async () => ({ images, bytes }),
    memory: async () => ({ usedBytes, maxBytes: 200 * MiB }),
    drainRate: () => rate,
    limits: { queueLimit: 1_000, queueBytesLimit: 100 * MiB },
  };
  return createAdmission(options);
}

/** What a sender is told who finds no room. */
async function refusal(state: Parameters<typeof admissionOf>[0]) {
  const error = await admissionOf(state)
    .requireRoom()
    .then(
      () => undefined,
      (thrown: PublicError) => thrown,
    );
  return error && { code: error.code, detail: error.detail, after: error.headers['Retry-After'] };
}

test('there is room up to each limit', async () => {
  expect(await refusal({ images: 999, bytes: 100 * MiB - 1, usedBytes: 160 * MiB - 1 })).toBe(
    undefined,
  );
});

test.each([
  [{ images: 1_000 }, 'fewer than 1000 jobs in the queue but there are 1000'],
  [
    { bytes: 100 * MiB },
    'less than 104857600 bytes of images in the queue but there are 104857600',
  ],
  [
    { usedBytes: 160 * MiB },
    'Redis to use less than 167772160 bytes of memory but it uses 167772160',
  ],
])('is full at the limit, and says which: %j', async (state, sentence) => {
  expect(await refusal(state)).toMatchObject({
    code: 'queue_full',
    detail: `Expected ${sentence}. Try again later.`,
  });
});

test.each([
  // 50 jobs are the twentieth that is to be free.
  [{ images: 1_000, rate: 10 }, '5'],
  [{ images: 1_000, rate: 0.1 }, '60'],
  [{ images: 1_000, rate: 200 }, '1'],
  [{ images: 1_000, rate: 0 }, '60'],
  // Of 200 images of 0.5 MiB, ten make room for 5 MiB.
  [{ images: 200, bytes: 100 * MiB, rate: 2 }, '5'],
  // 160 MiB are to become 152, by 16 images of 0.5 MiB.
  [{ images: 100, bytes: 50 * MiB, usedBytes: 160 * MiB, rate: 4 }, '4'],
])('says when to come back by how fast the queue drains: %j → %s s', async (state, seconds) => {
  expect((await refusal(state))?.after).toBe(seconds);
});

test.each([
  [{ images: 499, bytes: 50 * MiB - 1, usedBytes: 160 * MiB - 1 }, true],
  [{ images: 500 }, false],
  [{ bytes: 50 * MiB }, false],
  [{ usedBytes: 160 * MiB }, false],
])('batches fill half of the queue and no more: %j → %s', async (state, room) => {
  expect(await admissionOf(state).hasBatchRoom()).toBe(room);
});

let server: TestRedis;
let redis: Redis;
let api: StartedApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startApi({ redisUrl: server.url, env: { QUEUE_BYTES_LIMIT: '16MiB' } });
});
afterAll(async () => {
  redis.disconnect();
  await api.stop();
  await server.stop();
});

const post = (body: Buffer | string = firstBytes.png) =>
  api.call('/v1/jobs', { method: 'POST', body });

/** So much that what the tests themselves take does not count beside it. */
const ballast = Buffer.alloc(64 * MiB);

/** Leaves Redis so much memory that what it uses now is this part of it; 0 takes the limit away. */
async function setUsedPart(part: number): Promise<void> {
  const used = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
  await redis.config('SET', 'maxmemory', part === 0 ? 0 : Math.floor(used / part));
}

test('while Redis uses 80 per cent of its memory nothing is taken, and what was taken goes on', async () => {
  const [waiting, other] = [await submit(api), await submit(api)];
  await redis.set('ballast', ballast);
  await setUsedPart(0.85);
  const { status, headers, body } = await post();
  expect({ status, code: body.code }).toEqual({ status: 503, code: 'queue_full' });
  expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(body.detail).toContain('bytes of memory');

  expect((await api.call(`/v1/jobs/${waiting}`)).body.status).toBe('queued');
  expect((await api.call('/readyz')).status).toBe(200);
  expect((await api.call(`/v1/jobs/${other}`, { method: 'DELETE' })).body.result).toBe('canceled');
  await work(api.store, waiting, succeeded);
  expect((await api.call(`/v1/jobs/${waiting}`)).body.status).toBe('succeeded');

  await setUsedPart(0);
  await redis.del('ballast');
  expect((await post()).status).toBe(202);
});

test('the queue takes jobs again as soon as enough bytes are done, by itself', async () => {
  const large = Buffer.concat([firstBytes.png, Buffer.alloc(9 * MiB)]);
  const ids = [(await post(large)).body.id ?? '', (await post(large)).body.id ?? ''];
  expect((await post()).body.code).toBe('queue_full');
  await work(api.store, ids[0] ?? '', succeeded);
  expect((await post()).status).toBe(202);
  await work(api.store, ids[1] ?? '', succeeded);
});

test('a full queue refuses before the body is read', async () => {
  const ids = [];
  for (let count = 0; count < 2; count += 1) {
    ids.push((await post(Buffer.concat([firstBytes.png, Buffer.alloc(8 * MiB)]))).body.id ?? '');
  }
  // Only the headers are sent: whoever waited for the body would wait for ever.
  const headersOnly = request(`${api.url}/v1/jobs`, {
    method: 'POST',
    headers: { 'Content-Length': '1000000' },
  });
  headersOnly.flushHeaders();
  const status = await new Promise((resolve) => {
    headersOnly.once('response', (response) => resolve(response.statusCode));
  });
  expect(status).toBe(503);
  headersOnly.destroy();
  for (const id of ids) await work(api.store, id, succeeded);
});
