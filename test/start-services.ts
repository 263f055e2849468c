import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOnce } from '../start/listen-once.ts';
import { memorySettings } from '../start/memory-settings.ts';
import { startRedis, type TestRedis } from './redis-server.ts';

export interface Services {
  url: string;
  redis: TestRedis;
  /** The API first, then the workers. */
  processes: ChildProcess[];
  /** Starts another worker; resolves when it is ready. */
  addWorker(env?: NodeJS.ProcessEnv): Promise<ChildProcess>;
  stop(): Promise<void>;
}

interface Options {
  /** Settings of the API and of the first worker. */
  env?: NodeJS.ProcessEnv;
  workers?: number;
  redisArgs?: string[];
}

/** Starts Redis, an API and workers from `dist` as processes of their own; resolves when all workers are ready. */
export async function startServices({
  env = {},
  workers = 1,
  redisArgs = [],
}: Options = {}): Promise<Services> {
  const redis = await startRedis({ args: redisArgs });
  const port = await listenOnce('127.0.0.1', 0);
  const url = `http://127.0.0.1:${port}`;
  const processes: ChildProcess[] = [];
  const start = (entry: 'api' | 'worker', more: NodeJS.ProcessEnv = {}) => {
    const child = fork(`dist/${entry}/main.js`, [], {
      env: {
        ...process.env,
        ...memorySettings.env,
        LOG_LEVEL: 'fatal',
        WORKER_CONCURRENCY: '1',
        ...env,
        ...more,
        REDIS_URL: redis.url,
        PORT: `${port}`,
      },
      execArgv: memorySettings.flags,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    processes.push(child);
    return child;
  };
  const services: Services = {
    url,
    redis,
    processes,
    async addWorker(more) {
      const worker = start('worker', more);
      await waitForWorker(url, worker, AbortSignal.timeout(20_000));
      return worker;
    },
    async stop() {
      await Promise.all(processes.map(end));
      await redis.stop();
    },
  };
  try {
    start('api');
    for (let count = 0; count < workers; count += 1) await services.addWorker();
    return services;
  } catch (error) {
    await services.stop();
    throw error;
  }
}

/** A worker's name ends with its process id. */
async function waitForWorker(
  url: string,
  { pid }: ChildProcess,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    const { workers = [] } = answer?.ok
      ? ((await answer.json()) as { workers?: { name: string }[] })
      : {};
    if (workers.some(({ name }) => name.endsWith(`-${pid}`))) return;
    await delay(50, undefined, { signal });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  // A stopped process takes no SIGTERM.
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  await exit;
}
