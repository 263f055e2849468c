import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, ConfigError, parseConfig } from '../shared/config.ts';
import { createJobStore } from '../shared/job-store.ts';
import { createKeyStore } from '../shared/key-store.ts';
import { createLogger } from '../shared/logger.ts';
import { projectRoot } from '../shared/project-root.ts';
import { createJobQueue } from '../shared/queue.ts';
import { createPatientRedis, createRedis } from '../shared/redis.ts';
import { onShutdown } from '../shared/shutdown.ts';
import { createUsageStore } from '../shared/usage-store.ts';
import { createWorkerRegistry } from '../shared/worker-registry.ts';
import { createAdmission } from './admission.ts';
import { createApp } from './app.ts';
import { createJobWaits } from './job-waits.ts';
import { createKeyRing } from './key-ring.ts';
import { mayOpen, requireKeys, watchOpenness } from './openness.ts';
import { createRateWindow } from './rate-window.ts';
import { remember } from './remember.ts';
import { serve } from './serve.ts';
import { stopServer } from './stop-server.ts';

process.title = 'darkroom-api';

try {
  await main(parseConfig(process.env));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  // A restart does not heal a wrong setting, so the exit code says so (EX_CONFIG of sysexits.h).
  process.stderr.write(`${error.message}\n`);
  process.exit(78);
}

async function main(config: Config): Promise<void> {
  const log = createLogger('api', config.logLevel);
  const redis = createRedis(config.redisUrl);
  const subscriber = createPatientRedis(config.redisUrl);
  redis.on('error', (error) => log.warn({ err: error }, 'Redis cannot be reached'));
  // The other connection tells the same.
  subscriber.on('error', () => undefined);

  const queue = createJobQueue(redis, {
    maxAttempts: config.maxAttempts,
    onError: (error) => log.warn({ err: error }, 'the queue cannot be used'),
  });
  const waits = createJobWaits(subscriber);
  const registry = createWorkerRegistry(redis);
  const countWaiting = remember(async () => (await queue.counts()).waiting, 100);
  const root = projectRoot();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const keyRing = createKeyRing({
    store: createKeyStore(redis),
    configured: config.apiKeys,
    defaultRate: config.rateLimit,
    mayOpen: mayOpen(config),
  });
  await requireKeys(config, redis, keyRing);
  const app = createApp(
    {
      config,
      store: createJobStore(redis, config.resultTtlSeconds),
      queue,
      waits,
      registered: remember(() => registry.read(), 1_000),
      admission: createAdmission(countWaiting, config.queueLimit),
      usage: createUsageStore(redis),
      keyRing,
      admit: createRateWindow(redis),
      log,
      version,
    },
    root,
  );
  const server = await serve(app, config);
  log.info(
    { host: config.host, port: config.port, ms: Math.round(performance.now()) },
    'listening',
  );
  const unwatch = watchOpenness(config, keyRing, log);

  onShutdown(async () => {
    unwatch();
    waits.close();
    await stopServer(server, config.shutdownTimeoutMs);
    redis.disconnect();
    subscriber.disconnect();
  }, log);
}
