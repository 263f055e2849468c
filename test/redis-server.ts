import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitOf } from '../start/exit-of.ts';
import { listenOnce } from '../start/listen-once.ts';
import { redisLogTail, spawnRedisServer } from '../start/redis-server.ts';
import { waitForRedis } from '../start/wait-for-redis.ts';

export interface TestRedis {
  url: string;
  port: number;
  process: ChildProcess;
  /** Ends it, also one that is stuck, and removes its folder where that was not given. */
  stop: () => Promise<void>;
}

interface TestRedisOptions {
  /** A folder that outlives it, for one whose data is to be found again. */
  dir?: string;
  /** That of an earlier one, for one that comes back. */
  port?: number;
  args?: string[];
  env?: NodeJS.ProcessEnv;
}

/** Starts a Redis for one test, which keeps nothing unless `args` say so; resolves when it answers. */
export async function startRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'darkroom-redis-'));
  const port = options.port ?? (await listenOnce('127.0.0.1', 0));
  const args = ['--save', '', '--appendonly', 'no', ...(options.args ?? [])];
  const env = options.env ?? process.env;
  const server = spawnRedisServer({ port, dir, args, env });
  const ended = exitOf(server);
  const guard = guardAgainstOurDeath(server, options.dir ? '' : dir);

  const stop = async () => {
    server.kill('SIGTERM');
    const timer = setTimeout(() => server.kill('SIGKILL'), 3_000);
    await ended;
    clearTimeout(timer);
    guard.kill('SIGKILL');
    if (!options.dir) rmSync(dir, { recursive: true, force: true });
  };
  const failed = ended.then(({ how }) => {
    throw new Error(`redis-server ended with ${how} before it answered:\n${redisLogTail(dir)}`);
  });
  try {
    await Promise.race([waitForRedis(port, AbortSignal.timeout(20_000)), failed]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}`, port, process: server, stop };
}

/** Ends the server, and removes its folder, when the tests were killed and cannot: the shell's input then ends. */
function guardAgainstOurDeath(server: ChildProcess, dir: string): ChildProcess {
  const script = 'cat; kill -9 "$0"; [ -z "$1" ] || rm -rf "$1"';
  return spawn('sh', ['-c', script, `${server.pid}`, dir], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
}
