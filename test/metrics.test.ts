import parse from 'parse-prometheus-text-format';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenOnce } from '../start/listen-once.ts';
import { picture } from './image-bytes.ts';
import { type Services, startServices } from './start-services.ts';
import { until } from './until.ts';

let services: Services;
let apiPort: number;
let workerPort: number;

beforeAll(async () => {
  apiPort = await listenOnce('127.0.0.1', 0);
  workerPort = await listenOnce('127.0.0.1', 0);
  services = await startServices({ workers: 0, env: { METRICS_PORT: `${apiPort}` } });
  await services.addWorker({ METRICS_PORT: `${workerPort}` });
});

afterAll(() => services.stop());

/** A line of the text format: nothing, a comment, or a name, labels in quotes, and a number. */
const LINE =
  /^$|^# (HELP|TYPE) \w+ .+$|^[a-z_]\w*(\{([a-z_]+="[^"\\]*",?)+\})? ([-+.\de]+|[+-]Inf|Nan)$/;

const chelsea = picture('chelsea');
const api = () => scrape(apiPort);
const worker = () => scrape(workerPort);

/** Every sample that a process tells, by its name and its labels' values. */
async function scrape(port: number): Promise<Map<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await answer.text();
  // The parser is lenient, so the grammar is held here.
  for (const line of text.split('\n')) expect(line).toMatch(LINE);
  // The parser makes one histogram of those with several labels; without their types they are samples as others.
  const families = parse(text.replaceAll(/^# TYPE .* histogram$/gm, ''));
  const samples = families.flatMap(({ name, metrics }) =>
    metrics.map(({ labels = {}, value }): [string, number] => [
      [name, ...Object.values(labels)].join(' ').trim(),
      value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value),
    ]),
  );
  const isUnknown = ([name, value]: [string, number]) =>
    name.startsWith('darkroom_') && Number.isNaN(value);
  expect(samples.filter(isUnknown)).toEqual([]);
  return new Map(samples);
}

function post(path: string, body: Buffer | string): Promise<Response> {
  return fetch(`${services.url}${path}`, { method: 'POST', body });
}

test('API and worker tell what came of each image, in units and names of Prometheus', async () => {
  expect((await post('/v1/classify', chelsea)).status).toBe(200);
  expect((await post('/v1/classify', chelsea.subarray(0, 5_000))).status).toBe(422);
  expect((await post('/v1/jobs', 'no image')).status).toBe(415);
  const form = new FormData();
  for (const image of [chelsea, Buffer.from('no image')]) {
    form.append('images', new Blob([image]));
  }
  const batch = await fetch(`${services.url}/v1/batches`, { method: 'POST', body: form });
  const { links } = (await batch.json()) as { links: { self: string } };
  await fetch(`${services.url}${links.self}?wait=20`);
  await fetch(`${services.url}/nowhere/job_0197f2a4`);

  const [ofApi, ofWorker] = [await api(), await worker()];
  expect(Object.fromEntries(ofApi)).toMatchObject({
    'darkroom_jobs_accepted_total single': 2,
    'darkroom_jobs_accepted_total batch': 1,
    'darkroom_refusals_total not_an_image': 2,
    'darkroom_refusals_total queue_full': 0,
    'darkroom_http_request_seconds_count POST /v1/classify 200': 1,
    'darkroom_http_request_seconds_count POST /v1/classify 422': 1,
    'darkroom_http_request_seconds_count POST /v1/jobs 415': 1,
    'darkroom_http_request_seconds_count GET /v1/batches/:id 200': 1,
    'darkroom_http_request_seconds_count GET none 404': 1,
    'darkroom_queue_jobs waiting': 0,
    'darkroom_queue_jobs active': 0,
    darkroom_queue_oldest_seconds: 0,
    darkroom_stored_images: 0,
    darkroom_stored_images_limit: 100_000,
    darkroom_stored_bytes: 0,
    darkroom_open_waits: 0,
    darkroom_workers: 1,
    darkroom_redis_up: 1,
    darkroom_redis_writable: 1,
    darkroom_redis_memory_max_bytes: Number.POSITIVE_INFINITY,
  });
  expect(Object.fromEntries(ofWorker)).toMatchObject({
    'darkroom_jobs_total succeeded': 2,
    'darkroom_jobs_total failed undecodable_image': 1,
    'darkroom_job_seconds_count queue': 3,
    'darkroom_job_seconds_count decode': 2,
    'darkroom_job_seconds_count inference': 2,
    'darkroom_job_seconds_count total': 3,
    darkroom_job_retries_total: 0,
    darkroom_children_started_total: 1,
    darkroom_children_running: 1,
    'darkroom_children_ended_total crashed': 0,
    darkroom_redis_up: 1,
  });
  for (const sample of [...ofApi.keys(), ...ofWorker.keys()]) {
    expect(sample).toMatch(/^(darkroom|process|nodejs)_/);
    expect(sample).not.toMatch(/(job|batch)_[0-9a-f]{8}/);
  }
});

test('what waits is told, with the age of the oldest', async () => {
  const [, first] = services.processes;
  first?.kill('SIGSTOP');
  const accepted = await Promise.all(Array.from({ length: 3 }, () => post('/v1/jobs', chelsea)));
  // What is stored is told as it was up to 100 ms ago, the queue as it is.
  const isTold = (samples: Map<string, number>) =>
    (samples.get('darkroom_queue_oldest_seconds') ?? 0) > 0.1 &&
    samples.get('darkroom_stored_images') === 3;
  const samples = await until(api, isTold);
  expect(samples.get('darkroom_stored_bytes')).toBe(3 * chelsea.length);
  first?.kill('SIGCONT');
  for (const answer of accepted) {
    await fetch(`${services.url}${answer.headers.get('location')}?wait=20`);
  }
});

test('a Redis that does not answer is told, and what is not known then is left out', async () => {
  services.redis.process.kill('SIGSTOP');
  const [ofApi, ofWorker] = [await api(), await worker()];
  expect(ofApi.get('darkroom_redis_up')).toBe(0);
  expect(ofWorker.get('darkroom_redis_up')).toBe(0);
  expect(ofApi.get('darkroom_jobs_accepted_total single')).toBe(5);
  for (const name of [
    'darkroom_queue_jobs waiting',
    'darkroom_stored_images',
    'darkroom_workers',
  ]) {
    expect(ofApi.has(name), name).toBe(false);
  }
  services.redis.process.kill('SIGCONT');
  await until(api, (samples) => samples.get('darkroom_redis_up') === 1);
});

test('the API does not tell it on its own port', async () => {
  expect((await fetch(`${services.url}/metrics`)).status).toBe(404);
});
