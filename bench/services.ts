import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOnce } from '../start/listen-once.ts';
import { startRedis } from '../test/redis-server.ts';

export interface Services {
  url: string;
  /** The processes whose CPU and memory are the product's; the worker's children stand below it. */
  pids: number[];
  stop(): Promise<void>;
}

/** Starts Redis, an API and a worker from `dist`, each on a port of its own, and resolves when a worker is ready. */
export async function startServices(concurrency: number): Promise<Services> {
  const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] });
  const port = await listenOnce('127.0.0.1', 0);
  const env = {
    ...process.env,
    REDIS_URL: redis.url,
    PORT: String(port),
    WORKER_CONCURRENCY: String(concurrency),
    // A line a request and a job are part of the product's cost.
    LOG_LEVEL: 'info',
  };
  const start = (entry: string) =>
    fork(`dist/${entry}/main.js`, [], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const processes = [start('api'), start('worker')];
  const url = `http://127.0.0.1:${port}`;
  await waitForWorker(url, AbortSignal.timeout(30_000));
  return {
    url,
    pids: [redis.process, ...processes].map(({ pid }) => pid ?? 0),
    async stop() {
      await Promise.all(processes.map(end));
      await redis.stop();
    },
  };
}

async function waitForWorker(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    const { workers = [] } = answer?.ok ? ((await answer.json()) as { workers?: unknown[] }) : {};
    if (workers.length > 0) return;
    await delay(100, undefined, { signal });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
