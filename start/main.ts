import { type Config, ConfigError, parseConfig } from '../shared/config.ts';
import { findPort } from './find-port.ts';
import { startOwnRedis } from './own-redis.ts';
import { spawnService } from './spawn-service.ts';
import { StartError } from './start-error.ts';
import { type StopRequest, watchForStop } from './stop-request.ts';
import { supervise } from './supervise.ts';
import { waitUntilServing } from './wait-until-serving.ts';

export interface StartOptions {
  /** Run the sources, with a reload on every change, instead of dist. */
  watch: boolean;
  /** Start a Redis of our own, because the environment names none. */
  ownsRedis: boolean;
  /** Whether the npm that runs us has died, which ends us too. */
  npmIsGone: () => boolean;
}

/** Runs Redis, the API and one worker until it is told to stop; resolves to the exit code. */
export async function main(env: NodeJS.ProcessEnv, options: StartOptions): Promise<number> {
  // In `npm start | tee log` the same Ctrl-C ends tee, and what is still said has no reader.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const stop = watchForStop(process, options.npmIsGone);
  try {
    return await run(parseConfig(env), env, options, stop);
  } catch (error) {
    if (stop.polite.aborted) return 0;
    if (!(error instanceof ConfigError || error instanceof StartError)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    stop.dispose();
  }
}

async function run(
  config: Config,
  env: NodeJS.ProcessEnv,
  { watch, ownsRedis }: StartOptions,
  stop: StopRequest,
): Promise<number> {
  const { host, shutdownTimeoutMs } = config;
  const port = await findPort({ host, port: config.port, say, signal: stop.polite });
  const redis = ownsRedis
    ? await startOwnRedis({ dir: 'data/redis', say, signal: stop.polite })
    : undefined;
  say(
    `Starting the API and a worker${redis ? ', with a Redis that keeps its data in ./data' : ''}.`,
  );
  const { metricsPort } = config;
  const serviceEnv = { ...env, PORT: `${port}`, ...(redis && { REDIS_URL: redis.url }) };
  // Both listen on one host, so the worker takes the next port.
  const workerEnv = metricsPort
    ? { ...serviceEnv, METRICS_PORT: `${metricsPort + 1}` }
    : serviceEnv;
  const envOf = { api: serviceEnv, worker: workerEnv };
  const services = (['api', 'worker'] as const).map((service) =>
    supervise({
      name: service === 'api' ? 'The API' : 'The worker',
      say,
      start: () => spawnService(service, { env: envOf[service], watch }),
      isHopeless: ({ code }) => code === EX_CONFIG,
    }),
  );
  stop.impatient.addEventListener('abort', () => {
    for (const service of services) service.kill();
  });
  void announce(host, port, stop.polite);

  const all = [...services, ...(redis ? [redis.server] : [])];
  const hopeless = await Promise.race([aborted(stop.polite), ...all.map(({ ended }) => ended)]);
  say('Stopping.');
  await Promise.all(services.map((service) => service.stop(shutdownTimeoutMs + 1_000)));
  // Last, because the API and the worker write to it until they end.
  await redis?.server.stop(1_000);
  return hopeless ? 1 : 0;
}

/** Of sysexits.h: how the API and the worker say that a setting or a model is wrong. */
const EX_CONFIG = 78;

const say = (line: string) => console.log(line);

async function announce(host: string, port: number, signal: AbortSignal): Promise<void> {
  const everywhere = ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host);
  const url = `http://${everywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
  if (!(await waitUntilServing(url, signal))) return;
  say(`Darkroom serves on ${url} (docs: ${url}/docs). Ctrl-C ends it.`);
  say(`Try: curl --data-binary @test/pictures/chelsea.jpg '${url}/v1/jobs'`);
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
