import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenOnce } from '../../start/listen-once.ts';
import { until } from '../until.ts';
import { docker, run } from './run.ts';

export type Deployment = Awaited<ReturnType<typeof createDeployment>>;

interface DeploymentOptions {
  file?: string;
  cwd?: string;
  env?: Record<string, string>;
}

/** A Compose project of its own name and port. `await using` takes it down, with its volume and the images built. */
export async function createDeployment({
  file = 'compose.yaml',
  cwd = '.',
  env = {},
}: DeploymentOptions = {}) {
  const project = `darkroom-test-${randomBytes(4).toString('hex')}`;
  const port = await listenOnce('127.0.0.1', 0);
  // A file of its own, since Compose would read the checkout's.
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-compose-'));
  const envFile = join(folder, '.env');
  const settings = Object.entries({ PORT: port, ...env });
  writeFileSync(envFile, settings.map(([name, value]) => `${name}=${value}\n`).join(''));
  const client = ['docker-compose', '-p', project, '-f', file, '--env-file', envFile];
  const compose = (...args: string[]) => run('env', [...client, ...args], { cwd });
  const containers = async (service: string) =>
    (await compose('ps', '-q', service)).split('\n').filter(Boolean);
  const url = `http://127.0.0.1:${port}`;

  /** The workers that the API knows of. */
  const registered = async (): Promise<string[]> => {
    // Node 20 waits for ever where the engine's proxy hangs up, as it does until the API listens.
    const signal = AbortSignal.timeout(1_000);
    const answer = await fetch(`${url}/readyz`, { signal }).catch(() => undefined);
    if (!answer?.ok) return [];
    const { workers } = (await answer.json()) as { workers: { name: string }[] };
    return workers.map(({ name }) => name);
  };

  return {
    project,
    url,
    compose,
    containers,
    registered,
    /** Runs commands as the docs print them: `docker compose` is our client, for this deployment. */
    shell(commands: string, folder = cwd): Promise<string> {
      const ours = `docker() { [ "$1" = compose ] || { command docker "$@"; return; }; shift; ${client.join(' ')} "$@"; }`;
      return run('sh', ['-euc', `${ours}\n${commands}`], { cwd: folder });
    },
    /** Starts it, or scales what runs, and resolves when the API answers and knows of so many workers. */
    async up(workers: number): Promise<void> {
      await compose('up', '-d', '--build', '--scale', `worker=${workers}`);
      await until(registered, (names) => names.length === workers, 120_000);
    },
    async inspect(service: string) {
      return JSON.parse(await docker('inspect', ...(await containers(service))));
    },
    async [Symbol.asyncDispose]() {
      await compose('down', '--volumes', '--rmi', 'local', '--timeout', '1');
      rmSync(folder, { recursive: true });
    },
  };
}
