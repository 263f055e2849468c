import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Batch } from '../api/batch/present-batch.ts';
import type { Row } from '../api/batch/present-row.ts';
import type { Job } from '../shared/job.ts';
import { picture } from './image-bytes.ts';
import { type Services, startServices } from './start-services.ts';
import { until } from './until.ts';
import { zipBytes } from './zip-bytes.ts';

let services: Services;

beforeAll(async () => {
  services = await startServices({ workers: 2 });
}, 60_000);
afterAll(() => services.stop());

const names = ['astronaut', 'chelsea', 'coffee', 'rocket'] as const;
const GOOD = 40;
const bad: Record<string, Buffer> = {
  'notes.txt': Buffer.from('no image'),
  'empty.jpg': Buffer.alloc(0),
  'cut.jpg': picture('coffee').subarray(0, 900),
};

async function get<T>(path: string): Promise<T> {
  return (await (await fetch(`${services.url}${path}`)).json()) as T;
}

/** One zip: the four samples again and again, and what is wrong after every tenth. */
function zip(): Buffer {
  const members = Array.from({ length: GOOD }, (_, index) => {
    const name = names[index % 4] ?? 'rocket';
    return { name: `${index}/${name}.jpg`, bytes: picture(name), method: 0 };
  });
  Object.entries(bad).forEach(([name, bytes], index) => {
    members.splice(10 * (index + 1), 0, { name, bytes, method: 0 });
  });
  return zipBytes(members);
}

async function send(): Promise<Batch> {
  const headers = { 'Content-Type': 'application/zip' };
  const body = new Uint8Array(zip());
  const answer = await fetch(`${services.url}/v1/batches`, { method: 'POST', headers, body });
  expect(answer.status).toBe(202);
  return (await answer.json()) as Batch;
}

async function rowsOf(batch: Batch): Promise<Row[]> {
  const text = await (await fetch(`${services.url}${batch.links.results}`)).text();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function readSummed(batch: Batch): Promise<Batch> {
  const read = await get<Batch>(batch.links.self);
  const { total, ...parts } = read.counts;
  expect(Object.values(parts).reduce((sum, count) => sum + count, 0)).toBe(total);
  return read;
}

const exactly = { total: 43, queued: 0, processing: 0, succeeded: GOOD, failed: 3, canceled: 0 };

test('a zip of 40 pictures and 3 others: each final, in order, with the labels of single jobs', async () => {
  const batch = await send();
  const done = await until(
    () => readSummed(batch),
    ({ finished_at }) => Boolean(finished_at),
    60_000,
  );
  expect(done).toMatchObject({ status: 'completed', counts: exactly });

  const single = new Map<string, Job['predictions']>();
  for (const name of names) {
    const body = new Uint8Array(picture(name));
    const sent = await fetch(`${services.url}/v1/jobs`, { method: 'POST', body });
    const { links } = (await sent.json()) as Job;
    single.set(name, (await get<Job>(`${links.self}?wait=30`)).predictions);
  }
  const rows = await rowsOf(batch);
  expect(rows.map(({ index }) => index)).toEqual(rows.map((_, index) => index));
  const wrong = rows.filter(({ status }) => status === 'failed');
  expect(wrong.map(({ id, error }) => [id, error?.code])).toEqual([
    ['notes.txt', 'not_an_image'],
    ['empty.jpg', 'empty_body'],
    ['cut.jpg', 'undecodable_image'],
  ]);
  const right = rows.filter(({ status }) => status === 'succeeded');
  expect(right.map(({ id }) => Number(id.split('/')[0]))).toEqual(
    Array.from({ length: GOOD }, (_, index) => index),
  );
  for (const { id, predictions } of right) {
    expect(predictions).toEqual(single.get(id.replace(/^\d+\/|\.jpg$/g, '')));
  }
}, 120_000);

test('the counts are exact after a worker was killed in the middle, and a single picture goes before', async () => {
  const batch = await send();
  await until(
    () => readSummed(batch),
    ({ counts }) => counts.succeeded >= 5,
  );
  services.processes[1]?.kill('SIGKILL');
  const body = new Uint8Array(picture('rocket'));
  const sent = await fetch(`${services.url}/v1/jobs`, { method: 'POST', body });
  const { links } = (await sent.json()) as Job;
  const single = await get<Job>(`${links.self}?wait=30`);
  const meanwhile = await readSummed(batch);
  expect(single.status).toBe('succeeded');
  expect(meanwhile.finished_at).toBeUndefined();
  const done = await until(
    () => readSummed(batch),
    ({ finished_at }) => Boolean(finished_at),
    60_000,
  );
  expect(done).toMatchObject({ status: 'completed', counts: exactly });
  expect((await rowsOf(batch)).filter(({ status }) => status === 'succeeded')).toHaveLength(GOOD);
}, 120_000);
