import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { picture } from './image-bytes.ts';
import { startRedis, type TestRedis } from './redis-server.ts';
import { type SpawnedApi, spawnApi } from './spawn-api.ts';
import { until } from './until.ts';

const path = (relative: string) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

let redis: TestRedis;
let api: SpawnedApi;
let worker: ChildProcess;

beforeAll(async () => {
  redis = await startRedis();
  const env = { REDIS_URL: redis.url, MODELS_DIR: path('models') };
  worker = spawn(process.execPath, [path('dist/worker/main.js')], {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'warn', WORKER_CONCURRENCY: '1', ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  api = await spawnApi({ ...env, API_KEYS: 'alice:the-old-key,bob:b', RATE_LIMIT: '5/min' });
  await until(
    async () => (await fetch(`${api.url}/v1/model/info`)).json(),
    (info) => (info as { status: string }).status === 'loaded',
    25_000,
  );
});

afterAll(async () => {
  await api.end('SIGTERM');
  worker.kill('SIGTERM');
  await once(worker, 'exit');
  await redis.stop();
});

const hasRequests = spawnSync('python3', ['-c', 'import requests']).status === 0;

/** Runs the client of the docs, as it stands there. */
async function runClient(key: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const page = readFileSync(path('docs/coming-from-fastapi.md'), 'utf8');
  const code = /```python\n(.*?)```/s.exec(page)?.[1] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-client-'));
  const file = join(folder, 'client.py');
  writeFileSync(file, code);
  try {
    return await new Promise((resolve) => {
      const args = [file, api.url, key, path('test/pictures/chelsea.jpg')];
      execFile('python3', args, (error, stdout, stderr) => {
        resolve({ code: Number(error?.code ?? 0), stdout, stderr });
      });
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.skipIf(!hasRequests)(
  'serves a Python client of that server: labels, usage, five a minute, 401',
  async () => {
    for (let call = 1; call <= 5; call += 1) {
      const { code, stdout, stderr } = await runClient('the-old-key');
      expect(stderr).toBe('');
      expect(code).toBe(0);
      const [model, best, ...rest] = stdout.trimEnd().split('\n');
      expect(model).toBe('efficientnet-lite0-int8');
      expect(best).toMatch(/^0\.\d{4} (tiger cat|Egyptian cat|tabby)$/);
      expect(rest).toHaveLength(5);
      expect(rest[4]).toMatch(
        new RegExp(
          `^${call} of ${call} requests succeeded \\(100 %\\), \\d+(\\.\\d+)? ms on average$`,
        ),
      );
    }
    const sixth = await runClient('the-old-key');
    expect(sixth.code).toBe(1);
    expect(sixth.stderr).toMatch(/^Too many requests; wait \d+ seconds\.\n$/);
    expect((await runClient('wrong')).stderr).toContain('401 Client Error: Unauthorized');
  },
);

test('answers a classify call with the predictions of its job', async () => {
  const headers = { Authorization: 'Bearer b' };
  const body = picture('chelsea');
  const answer = await fetch(`${api.url}/v1/classify`, { method: 'POST', headers, body });
  expect(answer.status).toBe(200);
  const { predictions } = (await answer.json()) as { predictions: object[] };
  const job = await fetch(`${api.url}/v1/jobs/${answer.headers.get('x-job-id')}`, { headers });
  const { predictions: whole } = (await job.json()) as {
    predictions: { label: string; confidence: number }[];
  };
  expect(predictions).toHaveLength(5);
  expect(predictions).toEqual(whole.map(({ label, confidence }) => ({ label, confidence })));
});

test('answers 422 with the code of its job where a picture breaks off', async () => {
  const headers = { Authorization: 'Bearer b' };
  const body = picture('chelsea').subarray(0, 2_000);
  const answer = await fetch(`${api.url}/v1/classify`, { method: 'POST', headers, body });
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ code: 'undecodable_image', status: 422 });
  expect(answer.headers.get('x-job-id')).toMatch(/^job_/);
});
