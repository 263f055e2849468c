import { execFile } from 'node:child_process';
import { hostname } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { createPatientRedis } from '../shared/redis.ts';
import { createWorkerRegistry } from '../shared/worker-registry.ts';
import { startRedis } from '../test/redis-server.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start() {
  const server = await startRedis();
  const redis = createPatientRedis(server.url);
  redis.on('error', () => undefined);
  closing.push(server.stop, () => redis.disconnect());
  const registry = createWorkerRegistry(redis);
  return {
    server,
    announce: (name: string, stuck?: string) =>
      registry.announce({ name, concurrency: 1, models: [], ...(stuck ? { stuck } : {}) }, []),
    check: () => runHealthCheck(server.url),
  };
}

/** The container's HEALTHCHECK, as built: its exit code, and what it says. */
function runHealthCheck(redisUrl: string): Promise<{ code: number; says: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, REDIS_URL: redisUrl };
    execFile(process.execPath, ['dist/worker/health-check.js'], { env }, (error, stdout) =>
      resolve({ code: error ? Number(error.code) : 0, says: stdout.trim() }),
    );
  });
}

const here = `${hostname()}-1`;

test('a worker that says that it gets on is healthy', async () => {
  const { announce, check } = await start();
  await announce('elsewhere-1', 'a job has run for more than 35 s');
  await announce(here);
  expect(await check()).toEqual({ code: 0, says: 'the worker gets on' });
});

test('one that does not get on is not, and the check says why', async () => {
  const { announce, check } = await start();
  await announce(here, 'a job has run for more than 35 s');
  expect(await check()).toEqual({ code: 1, says: 'a job has run for more than 35 s' });
});

test('one that says nothing is not', async () => {
  const { announce, check } = await start();
  await announce('elsewhere-1');
  expect(await check()).toEqual({
    code: 1,
    says: 'Redis has not heard of the worker for 15 s',
  });
});

test('none is while Redis is gone, or does not answer', async () => {
  const { server, check } = await start();
  server.process.kill('SIGSTOP');
  expect(await check()).toEqual({ code: 1, says: 'Redis did not answer within 3 s' });
  server.process.kill('SIGCONT');
  await server.stop();
  expect(await check()).toMatchObject({ code: 1 });
});
