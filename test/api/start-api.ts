import type { Server, ServerResponse } from 'node:http';
import { createApp } from '../../api/app.ts';
import { createDeps } from '../../api/create-deps.ts';
import { type ServerTimes, serve } from '../../api/serve.ts';
import { stopServer } from '../../api/stop-server.ts';
import { type Config, parseConfig } from '../../shared/config.ts';
import type { DeadLetters } from '../../shared/dead-letters.ts';
import type { JobStore } from '../../shared/job-store.ts';
import { createKeyStore, type KeyStore } from '../../shared/key-store.ts';
import { createLogger } from '../../shared/logger.ts';
import { projectRoot } from '../../shared/project-root.ts';
import type { JobQueue } from '../../shared/queue.ts';
import { createRedis, createSubscriber } from '../../shared/redis.ts';
import { createWorkerRegistry, type WorkerRegistry } from '../../shared/worker-registry.ts';
import { type Answer, type Contract, createContract, type OpenApi } from './contract.ts';

export interface StartedApi {
  url: string;
  port: number;
  config: Config;
  server: Server;
  /** The API's own; a test plays the worker with it. */
  store: JobStore;
  dead: DeadLetters;
  queue: JobQueue;
  keys: KeyStore;
  registry: WorkerRegistry;
  contract: Contract;
  /** As `fetch`, and checks the answer against the OpenAPI document. */
  call: (path: string, init?: RequestInit & { duplex?: 'half' }) => Promise<Answer>;
  /** Begins to stop, as SIGTERM does; `deadlineMs` as SHUTDOWN_TIMEOUT. */
  beginStop: (deadlineMs?: number) => Promise<void>;
  /** Stops it. Throws where an answer is still owed, which a test must not leave behind. */
  stop: () => Promise<void>;
}

interface StartOptions {
  redisUrl: string;
  /** Settings, as in the environment. */
  env?: Record<string, string>;
  times?: ServerTimes;
}

/** Starts the API in this process on a free port, as `api/main.ts` puts it together. */
export async function startApi({ redisUrl, env = {}, times }: StartOptions): Promise<StartedApi> {
  const config = parseConfig({ REDIS_URL: redisUrl, PORT: '0', LOG_LEVEL: 'silent', ...env });
  const log = createLogger('api', config.logLevel);
  const redis = createRedis(config.redisUrl);
  const subscriber = createSubscriber(config.redisUrl);
  redis.on('error', () => undefined);
  subscriber.on('error', () => undefined);

  const deps = createDeps(
    config,
    { redis, subscriber },
    { log, version: '0.0.0' },
    { storedMs: 0, registeredMs: 0 },
  );
  const { store, dead, queue, waits } = deps;
  const registry = createWorkerRegistry(redis);
  const keys = createKeyStore(redis);
  const app = createApp(deps, projectRoot());
  await isReady(redis);
  const server = await serve(app, config, times);
  const owed = new Set<ServerResponse>();
  server.on('request', (_request, response) => {
    owed.add(response);
    response.once('close', () => owed.delete(response));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('There is no port.');
  const url = `http://127.0.0.1:${address.port}`;
  const contract = createContract((await (await fetch(`${url}/openapi.json`)).json()) as OpenApi);

  const beginStop = async (deadlineMs = 5_000) => {
    waits.close();
    await stopServer(server, deadlineMs);
  };
  return {
    url,
    port: address.port,
    config,
    server,
    store,
    dead,
    queue,
    keys,
    registry,
    contract,
    call: async (path, init) =>
      contract.check(init?.method ?? 'GET', path, await fetch(`${url}${path}`, init)),
    beginStop,
    async stop() {
      const left = [...owed].map(({ req }) => `${req.method} ${req.url}`);
      await beginStop();
      redis.disconnect();
      subscriber.disconnect();
      if (left.length > 0) throw new Error(`The test left open: ${left.join(', ')}`);
    },
  };
}

async function isReady(redis: ReturnType<typeof createRedis>): Promise<void> {
  if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve));
}
