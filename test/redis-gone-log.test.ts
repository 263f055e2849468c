import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { picture } from './image-bytes.ts';
import { startRedis } from './redis-server.ts';
import { spawnApi } from './spawn-api.ts';
import { until } from './until.ts';

const JOBS = 40;
const REFUSED = 200;
const chelsea = picture('chelsea');

test('API and worker name it once that Redis is gone under load, and once that it is back', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'darkroom-redis-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const keeps = { dir, args: ['--appendonly', 'yes', '--appendfsync', 'always'] };
  const redis = await startRedis(keeps);
  const api = await spawnApi({ REDIS_URL: redis.url });
  onTestFinished(() => api.end());
  const worker = spawnWorker(redis.url);
  onTestFinished(worker.end);
  const post = () => fetch(`${api.url}/v1/jobs`, { method: 'POST', body: chelsea });

  const accepted = await Promise.all(
    Array.from({ length: JOBS }, async () => (await post()).headers.get('location')),
  );
  await until(
    async () => worker.log(),
    (log) => log.includes('"status":"succeeded"'),
  );
  redis.process.kill('SIGKILL');
  await redis.stop();
  const refused = await Promise.all(
    Array.from({ length: REFUSED }, async () => (await post()).status),
  );
  expect(new Set(refused)).toEqual(new Set([503]));
  await until(
    async () => worker.log(),
    (log) => log.includes('Redis cannot be used'),
  );

  const back = await startRedis({ ...keeps, port: redis.port });
  onTestFinished(back.stop);
  for (const path of accepted) {
    const read = async () =>
      (await (await fetch(`${api.url}${path}`)).json()) as { status: string };
    await until(read, ({ status }) => status === 'succeeded', 20_000);
  }
  for (const { log } of [api, worker]) {
    const isTold = (text: string) => text.includes('over: Redis cannot be used');
    expect(faultsIn(await until(async () => log(), isTold))).toEqual([
      'Redis cannot be used',
      'over: Redis cannot be used',
    ]);
  }
});

/**
 * What a log says of faults: all but the lines of requests and jobs, of the start and of the service being open. A job
 * that Redis had handed out when it died, and nobody knows to have, is taken over once its lock has run out.
 */
function faultsIn(log: string): string[] {
  return log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: string; msg: string })
    .filter(({ level, msg }) => level !== 'info' || msg.startsWith('over'))
    .map(({ msg }) => msg)
    .filter((msg) => !/^open:|^a job of a lost worker/.test(msg));
}

function spawnWorker(redisUrl: string): { log: () => string; end: () => Promise<void> } {
  const child = fork('dist/worker/main.js', [], {
    env: { PATH: process.env.PATH, REDIS_URL: redisUrl, WORKER_CONCURRENCY: '1' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  let log = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  return {
    log: () => log,
    async end() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
