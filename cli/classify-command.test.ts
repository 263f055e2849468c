import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { type SpawnedApi, spawnApi } from '../test/spawn-api.ts';
import { startStandInWorker } from '../test/stand-in-worker.ts';
import { until } from '../test/until.ts';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const cat = fileURLToPath(new URL('../test/pictures/chelsea.jpg', import.meta.url));
const KEY = 'a-key-for-this-test';
const names = ['=1+1.jpg', 'a "quoted", name.jpg', 'broken.jpg', 'plain.jpg', 'çà 🐱.jpg'];

let redis: TestRedis;
let api: SpawnedApi;
let folder: string;

beforeAll(async () => {
  redis = await startRedis();
  api = await spawnApi({ REDIS_URL: redis.url, API_KEYS: `tester:${KEY}`, LOG_LEVEL: 'silent' });
  folder = mkdtempSync(join(tmpdir(), 'darkroom-classify-'));
  for (const name of names) copyFileSync(cat, join(folder, name));
  writeFileSync(join(folder, 'broken.jpg'), 'This is no picture.');
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await api.end();
  await redis.stop();
});

interface Run {
  child: ChildProcess;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** Runs the built command in the folder. */
function classify(args: string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [main, 'classify', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, DARKROOM_SERVER: api.url, DARKROOM_API_KEY: KEY, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([[code], stdout, stderr]) => ({ code, stdout, stderr }),
  );
  return { child, ended };
}

async function withWorker<T>(run: () => Promise<T>): Promise<T> {
  const worker = startStandInWorker(redis.url);
  return run().finally(() => worker.stop());
}

interface Batch {
  status: string;
  counts: { total: number; queued: number };
}

/** The newest batches, oldest first. */
async function lastBatches(limit: number): Promise<Batch[]> {
  const headers = { Authorization: `Bearer ${KEY}` };
  const response = await fetch(`${api.url}/v1/batches?limit=${limit}`, { headers });
  return ((await response.json()) as { batches: Batch[] }).batches.toReversed();
}

test('classifies a folder in chunks: a row for every file under its own name, and 1 where one failed', () =>
  withWorker(async () => {
    const run = await classify(['.', '--format', 'jsonl', '--chunk', '2', '--top-k', '3']).ended;
    const rows = run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ path }) => path)).toEqual(names);
    expect(rows.map(({ status }) => status)).toEqual(
      names.map((name) => (name === 'broken.jpg' ? 'failed' : 'succeeded')),
    );
    expect(rows[2].error.code).toBe('not_an_image');
    expect(rows[0].predictions[0]).toEqual({ label: 'label 0', confidence: 0.5, index: 0 });
    expect(run.stderr).toMatch(/^4 classified, 1 failed in /);
    expect(run.code).toBe(1);
    expect((await lastBatches(3)).map(({ counts }) => counts.total)).toEqual([2, 2, 1]);
  }));

test('ends with 0 when all were classified, and nothing but rows is on stdout', () =>
  withWorker(async () => {
    const { code, stdout } = await classify(['plain.jpg', './=1+1.jpg']).ended;
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(/ +/))).toEqual([
      ['PATH', 'STATUS', 'CONFIDENCE', 'LABEL'],
      ['plain.jpg', 'succeeded', '0.5000', 'label', '0'],
      ['./=1+1.jpg', 'succeeded', '0.5000', 'label', '0'],
      [''],
    ]);
  }));

test('with --resume it sends only what the file lacks', () =>
  withWorker(async () => {
    const file = join(folder, 'rows.jsonl');
    await classify(['plain.jpg', 'broken.jpg', '--resume', 'rows.jsonl']).ended;
    const first = readFileSync(file, 'utf8');
    writeFileSync(file, first.slice(0, -20));
    const second = await classify(['.', '--resume', 'rows.jsonl', '--format', 'csv']).ended;
    expect(second.code).toBe(1);
    expect(second.stdout.split('\r\n').map((line) => line.split(',')[1])).toContain('succeeded');
    const rows = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ path }) => path).toSorted()).toEqual(names.toSorted());
    const third = await classify(['.', '--resume', 'rows.jsonl', '--format', 'json']).ended;
    expect(third).toMatchObject({ code: 1, stdout: '[\n]\n' });
    expect(third.stderr).toMatch(/^0 classified, 5 known from earlier/);
  }));

test('an interrupt cancels what the server has, and ends with 130', async () => {
  const { child, ended } = classify(['.', '--format', 'json', '--chunk', '3']);
  const queued = async () => (await lastBatches(2)).map(({ counts }) => counts.queued);
  await until(queued, (counts) => `${counts}` === '2,2');
  child.kill('SIGINT');
  const { code, stdout } = await ended;
  expect(code).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject([{ path: 'broken.jpg', status: 'failed' }]);
  const statuses = (await lastBatches(2)).map(({ status }) => status);
  expect(statuses).toEqual(['canceled', 'canceled']);
});

test.each([
  ['a wrong key', ['.', '--api-key', 'wrong'], /answers 401: A valid API key is needed/],
  ['no server', ['.', '--server', 'http://127.0.0.1:1'], /cannot be reached: connect ECONNREFUSED/],
  ['a wrong option', ['.', '--top-k', '0'], /for top_k but received 0/],
  ['a missing file', ['missing.jpg'], /found nothing at 'missing\.jpg'/],
  ['nothing named', [], /Expected at least one picture/],
  ['an unknown option', ['.', '--frmat', 'csv'], /unknown option '--frmat'/],
])('ends with 2 and a sentence for %s', async (_name, args, sentence) => {
  const { code, stderr } = await classify(args).ended;
  expect(stderr).toMatch(sentence);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(code).toBe(2);
});
