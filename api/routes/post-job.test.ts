import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { firstBytes, picture } from '../../test/image-bytes.ts';
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

const chelsea = picture('chelsea');
const base64 = chelsea.toString('base64');

/** What was stored of a job: what a worker would get. */
async function stored(id: string | undefined) {
  const begun = await api.store.begin(id ?? '', 'test');
  if (begun.state !== 'begun') throw new Error(`The job is ${begun.state}.`);
  return begun;
}

function form(fields: Record<string, string | Blob>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}

function json(body: unknown): RequestInit {
  const headers = { 'Content-Type': 'application/json' };
  return { method: 'POST', headers, body: JSON.stringify(body) };
}

test('answers 202 with the job, its Location and when to ask again', async () => {
  const { status, headers, body } = await api.call('/v1/jobs', { method: 'POST', body: chelsea });
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/v1/jobs/${body.id}`);
  expect(headers.get('retry-after')).toBe('1');
  expect(body).toEqual({
    id: expect.stringMatching(/^job_[0-9a-f-]{36}$/),
    status: 'queued',
    model: 'efficientnet-lite0-int8',
    created_at: expect.any(String),
    attempts: 0,
    image: { format: 'jpeg', bytes: chelsea.length },
    links: { self: headers.get('location') },
  });
});

const forms: Record<string, RequestInit> = {
  'a raw body that is called image/jpeg': {
    body: chelsea,
    headers: { 'Content-Type': 'image/jpeg' },
  },
  "a raw body with curl's default type": {
    body: chelsea,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  },
  'a raw body of no type': { body: chelsea },
  'a raw body that is called something else': {
    body: chelsea,
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
  },
  multipart: { body: form({ image: new Blob([chelsea]) }) },
  'multipart that calls the picture a text': {
    body: form({ image: new File([chelsea], 'x.txt', { type: 'text/plain' }) }),
  },
  'multipart with options before the picture': {
    body: form({ top_k: '3', image: new Blob([chelsea]) }),
  },
  'base64 in JSON': json({ image: base64 }),
  'base64 with the line breaks of MIME': json({
    image: base64.replaceAll(/.{76}/g, (line) => `${line}\r\n`),
  }),
  'a data URL': json({ image: `data:image/jpeg;base64,${base64}` }),
  'a data URL of a wrong type': json({ image: `data:text/plain;charset=x;base64,${base64}` }),
  'JSON with a file name and a charset': {
    ...json({ image: base64, filename: 'chelsea.jpg' }),
    headers: { 'Content-Type': 'Application/JSON; charset=utf-8' },
  },
};

test.each(Object.entries(forms))('takes %s', async (_name, init) => {
  const { status, body } = await api.call('/v1/jobs', { method: 'POST', ...init });
  expect(status).toBe(202);
  const { image, spec } = await stored(body.id);
  expect(image?.equals(chelsea)).toBe(true);
  expect(spec).toMatchObject({ format: 'jpeg', bytes: chelsea.length });
});

test.each(Object.entries(firstBytes))('takes %s by its first bytes', async (format, bytes) => {
  const { status, body } = await api.call('/v1/jobs', {
    method: 'POST',
    body: bytes,
    headers: { 'Content-Type': 'image/bmp' },
  });
  expect(status).toBe(202);
  expect(body.image).toEqual({ format, bytes: bytes.length });
});

test('takes an upload in chunks, without a Content-Length', async () => {
  const { status, body } = await api.call('/v1/jobs', {
    method: 'POST',
    body: new Blob([chelsea]).stream(),
    duplex: 'half',
  });
  expect(status).toBe(202);
  expect((await stored(body.id)).image?.equals(chelsea)).toBe(true);
});

test('takes options in the query', async () => {
  const { body } = await api.call('/v1/jobs?top_k=3&min_confidence=0.25', {
    method: 'POST',
    body: chelsea,
  });
  expect((await stored(body.id)).spec).toMatchObject({ topK: 3, minConfidence: 0.25 });
});

test.each([
  ['multipart', { body: form({ image: new Blob([chelsea]), top_k: '7' }) }],
  ['JSON', json({ image: base64, top_k: 7 })],
])('takes options beside the image in %s, over those in the query', async (_name, init) => {
  const { status, body } = await api.call('/v1/jobs?top_k=3&min_confidence=0.5', {
    method: 'POST',
    ...init,
  });
  expect(status).toBe(202);
  expect((await stored(body.id)).spec).toMatchObject({ topK: 7, minConfidence: 0.5 });
});

test('puts the ticket into the queue under the id of the job, without the image', async () => {
  const before = await api.queue.counts();
  await api.call('/v1/jobs', { method: 'POST', body: chelsea });
  expect(await api.queue.counts()).toEqual({ ...before, waiting: before.waiting + 1 });
});

test('keeps the X-Request-Id of a caller, and makes one where there is none', async () => {
  const { headers } = await api.call('/livez', { headers: { 'X-Request-Id': 'abc-1' } });
  expect(headers.get('x-request-id')).toBe('abc-1');
  const made = await Promise.all([api.call('/livez'), api.call('/livez')]);
  const [one, other] = made.map((answer) => answer.headers.get('x-request-id'));
  expect(one).toMatch(/^[\w-]{14,}$/);
  expect(other).not.toBe(one);
});
