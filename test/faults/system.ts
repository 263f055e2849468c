import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { listenOnce } from '../../start/listen-once.ts';
import { startRedis } from '../redis-server.ts';
import { until } from '../until.ts';
import { type Service, startService } from './service.ts';

export interface System {
  /** Where clients reach the API. */
  url: string;
  redisPort: number;
  /** Redis' folder, with its AOF. */
  redisDir: string;
  /** Its process. */
  redisPid(): number;
  api: Service;
  workers: Service[];
  /** Ends Redis and starts it again on the same data; `meanwhile` runs while it is gone. */
  restartRedis(signal: NodeJS.Signals, meanwhile?: () => void | Promise<void>): Promise<void>;
  /** Resolves when the API answers and so many workers have registered. */
  untilReady(): Promise<void>;
  /** A connection of the test's own to Redis, past all proxies. */
  redis: Redis;
  stop(): Promise<void>;
}

interface Options {
  workers?: number;
  /** Settings of API and workers. */
  env?: NodeJS.ProcessEnv;
  /** Of the workers alone, by their position. */
  workerEnv?: (index: number) => NodeJS.ProcessEnv;
  apiEnv?: NodeJS.ProcessEnv;
  redisArgs?: string[];
  redisEnv?: NodeJS.ProcessEnv;
  redisPort?: number;
  /** Where Redis keeps its data, and who gives it removes it. */
  redisDir?: string;
}

const AOF = ['--appendonly', 'yes'];

/** Starts Redis with an AOF, an API and workers from `dist`, each of which comes back when it ends; resolves when all are ready. */
export async function startSystem({
  workers: count = 2,
  env = {},
  workerEnv = () => ({}),
  apiEnv = {},
  redisArgs = [],
  redisEnv = process.env,
  redisPort: port,
  redisDir: ownDir,
}: Options = {}): Promise<System> {
  const redisDir = ownDir ?? mkdtempSync(join(tmpdir(), 'darkroom-fault-'));
  const options = { dir: redisDir, args: [...AOF, ...redisArgs], env: redisEnv };
  let server = await startRedis({ ...options, ...(port ? { port } : {}) });
  const { port: redisPort, url: REDIS_URL } = server;
  const PORT = `${await listenOnce('127.0.0.1', 0)}`;
  const url = `http://127.0.0.1:${PORT}`;
  const settings = { REDIS_URL, PORT, WORKER_CONCURRENCY: '1', ...env };
  const api = startService('api', { ...settings, ...apiEnv });
  const workers = Array.from({ length: count }, (_, index) =>
    startService('worker', { ...settings, ...workerEnv(index) }),
  );
  const redis = new Redis(redisPort, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  redis.on('error', () => undefined);

  const system: System = {
    url,
    redisPort,
    redisDir,
    redisPid: () => server.process.pid ?? 0,
    api,
    workers,
    redis,
    async restartRedis(signal, meanwhile) {
      const ended = once(server.process, 'exit');
      server.process.kill(signal);
      await ended;
      await meanwhile?.();
      // Ends what watches over the process that is gone; its folder is ours and stays.
      await server.stop();
      server = await startRedis({ ...options, port: redisPort });
    },
    async untilReady() {
      await until(
        async () => readyWorkers(url),
        (pids) => workers.every((worker) => pids.includes(worker.pid())),
        30_000,
      );
    },
    async stop() {
      server.process.kill('SIGCONT');
      await Promise.all([api, ...workers].map((service) => service.stop()));
      redis.disconnect();
      await server.stop();
      if (!ownDir) rmSync(redisDir, { recursive: true, force: true });
    },
  };
  try {
    await system.untilReady();
    return system;
  } catch (error) {
    await system.stop();
    throw error;
  }
}

/** A worker's name ends with its process id. */
async function readyWorkers(url: string): Promise<number[]> {
  const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(6_000) }).catch(
    () => undefined,
  );
  if (!answer?.ok) return [];
  const { workers } = (await answer.json()) as { workers: { name: string }[] };
  return workers.map(({ name }) => Number(name.split('-').at(-1)));
}
