import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parseConfig } from '../shared/config.ts';
import { createDeadLetters, type DeadLetters } from '../shared/dead-letters.ts';
import { newId } from '../shared/ids.ts';
import { createJobStore, type JobStore } from '../shared/job-store.ts';
import { image, internal, specNow } from '../test/fill-batch.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { runDarkroom } from '../test/run-darkroom.ts';

let server: TestRedis;
let redis: Redis;
let store: JobStore;
let letters: DeadLetters;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = createJobStore(redis, 3600);
  letters = createDeadLetters(redis, parseConfig({}));
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const dead = (...args: string[]) => runDarkroom(['dead', ...args], { REDIS_URL: server.url });

async function deadJob(): Promise<string> {
  const id = newId('job');
  await store.submit(id, { owner: 'ann', spec: specNow(), image });
  await store.begin(id, 'w');
  await letters.bury(id, internal, new Error('the disk is gone'));
  return id;
}

test('lists every one, the last first, with the message of its cause', async () => {
  const ids: string[] = [];
  for (let count = 0; count < 101; count += 1) ids.unshift(await deadJob());
  const { code, stdout } = await dead('list');
  expect(code).toBe(0);
  const [head, ...rows] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  expect(head).toEqual(['JOB', 'OWNER', 'DIED', 'ATTEMPTS', 'MODEL', 'CAUSE']);
  expect(rows.map(([id]) => id)).toEqual(ids);
  expect(rows[0]).toEqual([
    ids[0],
    'ann',
    expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    '1',
    'm',
    'Error: the disk is gone',
  ]);
});

test('shows one as JSON, with the stack of its cause', async () => {
  const id = await deadJob();
  const { code, stdout } = await dead('show', id);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    job: { id, status: 'failed' },
    owner: 'ann',
    cause: expect.stringMatching(/^Error: the disk is gone\n +at /),
  });
});

test('retries those that are named, and prints the ids of the new jobs', async () => {
  const [first, second, third] = [await deadJob(), await deadJob(), await deadJob()];
  const { code, stdout } = await dead('retry', first, third);
  expect(code).toBe(0);
  const retries = await Promise.all(stdout.trimEnd().split('\n').map(store.read));
  expect(retries.map((job) => job?.retryOf)).toEqual([first, third]);
  expect((await letters.list(undefined, 10)).letters.map(({ id }) => id)).toEqual([second]);
});

test.each(['retry', 'drop'])('%s --all leaves none', async (command) => {
  for (let count = 0; count < 3; count += 1) await deadJob();
  const { code, stdout } = await dead(command, '--all');
  expect(code).toBe(0);
  expect(stdout.split('\n').filter(Boolean)).toHaveLength(command === 'retry' ? 3 : 0);
  expect(await redis.keys('darkroom:dead*')).toEqual([]);
  expect(await redis.keys('darkroom:image:*')).toHaveLength(command === 'retry' ? 3 : 0);
});

test.each([
  ['an id that is unknown', ['show', 'job_x'], /no dead letter of a job 'job_x'/],
  ['an id to retry that is unknown', ['retry', 'job_x'], /no dead letter of a job 'job_x'/],
  ['an id to drop that is unknown', ['drop', 'job_x'], /no dead letter of a job 'job_x'/],
  ['nothing to retry', ['retry'], /^Expected the ids of jobs/],
  ['both ids and --all', ['drop', 'job_x', '--all'], /^Expected the ids of jobs/],
])('refuses %s in one line', async (_name, args, sentence) => {
  const id = await deadJob();
  const { code, stdout, stderr } = await dead(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(sentence);
  expect(stderr.trimEnd()).not.toContain('\n');
  expect(await letters.read(id)).toBeDefined();
});
