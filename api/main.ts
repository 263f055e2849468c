import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileSoon } from '../shared/compile-soon.ts';
import { type Config, ConfigError, parseConfig } from '../shared/config.ts';
import { dropExpiredTickets } from '../shared/expired-tickets.ts';
import { createLogger } from '../shared/logger.ts';
import { serveMetrics } from '../shared/metrics-server.ts';
import { projectRoot } from '../shared/project-root.ts';
import { createRedis, createSubscriber, readyWithin } from '../shared/redis.ts';
import { onShutdown } from '../shared/shutdown.ts';
import { createApp } from './app.ts';
import { createDeps } from './create-deps.ts';
import { requireKeys, watchOpenness } from './openness.ts';
import { serve } from './serve.ts';
import { stopServer } from './stop-server.ts';

process.title = 'darkroom-api';

/** How long the start waits for a connection to Redis. */
const REDIS_WAIT_MS = 2_000;

/** How often it is looked for what has expired and does not go by itself. */
const SWEEP_MS = 20_000;

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
  const subscriber = createSubscriber(config.redisUrl);

  const root = projectRoot();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const deps = createDeps(config, { redis, subscriber }, { log, version });
  const { faults, metrics } = deps;
  for (const connection of [redis, subscriber]) {
    connection.on('error', (error) => faults.seen('a connection to Redis failed', error));
  }
  await requireKeys(config, redis, deps.keyRing);
  // Else the first calls of an API that takes another's place would be told that there is no Redis.
  await readyWithin(redis, REDIS_WAIT_MS);
  const app = createApp(deps, root);
  const server = await serve(app, config);
  const { host, metricsPort } = config;
  const metricsServer = metricsPort
    ? await serveMetrics(metrics.registry, { host, port: metricsPort })
    : undefined;
  log.info(
    { host: config.host, port: config.port, ms: Math.round(performance.now()) },
    'listening',
  );
  compileSoon();
  const unwatch = watchOpenness(config, deps.keyRing, log);
  // The feed takes out the batches of which nothing is left.
  const sweep = () => dropExpiredTickets(redis).then(deps.feed.feed);
  const sweeping = setInterval(() => {
    sweep().then(
      () => faults.over('what has expired cannot be swept'),
      (error: unknown) => faults.seen('what has expired cannot be swept', error),
    );
  }, SWEEP_MS);

  onShutdown(async () => {
    unwatch();
    clearInterval(sweeping);
    deps.waits.close();
    await stopServer(server, config.shutdownTimeoutMs);
    metricsServer?.close();
    redis.disconnect();
    subscriber.disconnect();
  }, log);
}
