import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Job } from '../shared/job.ts';
import { type Services, startServices } from './start-services.ts';

const chelsea = readFileSync('test/pictures/chelsea.jpg');
let services: Services;

beforeAll(async () => {
  services = await startServices();
});
afterAll(() => services?.stop());

async function post(init: RequestInit, query = ''): Promise<Job> {
  const answer = await fetch(`${services.url}/v1/jobs${query}`, { method: 'POST', ...init });
  expect(answer.status).toBe(202);
  return (await answer.json()) as Job;
}

async function final(job: Job): Promise<Job> {
  const answer = await fetch(`${services.url}${job.links.self}?wait=60`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Job;
}

function form(image: Buffer, fields: Record<string, string> = {}): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  data.set('image', new Blob([new Uint8Array(image)]), 'picture');
  return data;
}

test('one picture sent in five ways gets the same predictions', async () => {
  const base64 = chelsea.toString('base64');
  const json = (image: string) => ({
    body: JSON.stringify({ image }),
    headers: { 'Content-Type': 'application/json' },
  });
  const jobs = await Promise.all([
    post({ body: chelsea }),
    post({ body: chelsea, headers: { 'Content-Type': 'image/png' } }),
    post({ body: form(chelsea) }),
    post(json(base64)),
    post(json(`data:image/webp;base64,${base64}`)),
  ]);
  const finals = await Promise.all(jobs.map(final));
  expect(finals.map(({ status }) => status)).toEqual(Array(5).fill('succeeded'));
  expect(finals[0]?.predictions).toHaveLength(5);
  for (const { predictions } of finals) expect(predictions).toEqual(finals[0]?.predictions);
});

test('a final job says what it is of: model, its sha256, worker, attempts, size and timings', async () => {
  const job = await final(await post({ body: chelsea }, '?model=efficientnet-lite0&top_k=2'));
  expect(job).toMatchObject({
    status: 'succeeded',
    model: 'efficientnet-lite0',
    model_sha256: '33a0b7431c353dac89a5b4f30ca612fb43fc9f4761246bb333f92f98111f071a',
    attempts: 1,
    image: { format: 'jpeg', width: 451, height: 300, bytes: chelsea.length },
  });
  expect(job.worker).toContain(`-${services.processes[1]?.pid}`);
  expect(job.predictions).toHaveLength(2);
  expect(job.timings?.decode_ms).toBeGreaterThan(0);
  expect(job.timings?.inference_ms).toBeGreaterThan(0);
});

test('every format is classified, and named by its bytes', async () => {
  const formats = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const;
  const pictures = await Promise.all(
    formats.map((format) => sharp(chelsea).toFormat(format).toBuffer()),
  );
  const finals = await Promise.all(pictures.map(async (body) => final(await post({ body }))));
  expect(finals.map(({ image }) => image.format)).toEqual(formats);
  for (const { predictions } of finals)
    expect(['tiger cat', 'Egyptian cat']).toContain(predictions?.[0]?.label);
});

test('predictions below min_confidence are left out, also all of them', async () => {
  const some = await final(
    await post({ body: form(chelsea, { min_confidence: '0.1', top_k: '10' }) }),
  );
  for (const { confidence } of some.predictions ?? [])
    expect(confidence).toBeGreaterThanOrEqual(0.1);
  const none = await final(await post({ body: form(chelsea, { min_confidence: '1' }) }));
  expect(none).toMatchObject({ status: 'succeeded', predictions: [] });
});

test('an undecodable image fails its own job and no other', async () => {
  const cut = chelsea.subarray(0, 5_000);
  const jobs = await Promise.all(
    [chelsea, cut, chelsea, cut, chelsea].map((body) => post({ body })),
  );
  const finals = await Promise.all(jobs.map(final));
  expect(finals.map(({ status }) => status)).toEqual([
    'succeeded',
    'failed',
    'succeeded',
    'failed',
    'succeeded',
  ]);
  expect(finals[1]?.error).toMatchObject({ code: 'undecodable_image', status: 422 });
});

test('POST /v1/classify answers with the predictions of the job that it names', async () => {
  const answer = await fetch(`${services.url}/v1/classify`, { method: 'POST', body: chelsea });
  expect(answer.status).toBe(200);
  const { predictions, model } = (await answer.json()) as { predictions: object[]; model: string };
  const job = await final({ links: { self: `/v1/jobs/${answer.headers.get('X-Job-Id')}` } } as Job);
  expect(model).toBe('efficientnet-lite0-int8');
  expect(predictions).toEqual(
    job.predictions?.map(({ label, confidence }) => ({ label, confidence })),
  );
});

test('a worker that is killed loses no job: another one finishes it', async () => {
  const victim = await services.addWorker();
  const jobs = await Promise.all(Array.from({ length: 40 }, () => post({ body: chelsea })));
  const exit = once(victim, 'exit');
  victim.kill('SIGKILL');
  await exit;
  const finals = await Promise.all(jobs.map(final));
  expect(finals.map(({ status }) => status)).toEqual(Array(40).fill('succeeded'));
});

test('a worker that is stopped finishes what it holds, or gives it back, and exits 0', async () => {
  const stopped = await services.addWorker();
  const jobs = await Promise.all(Array.from({ length: 40 }, () => post({ body: chelsea })));
  const exit = once(stopped, 'exit');
  stopped.kill('SIGTERM');
  expect((await exit)[0]).toBe(0);
  const finals = await Promise.all(jobs.map(final));
  expect(finals.map(({ status }) => status)).toEqual(Array(40).fill('succeeded'));
  expect(finals.map(({ attempts }) => attempts)).toEqual(Array(40).fill(1));
});
