import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface RedisServerOptions {
  port: number;
  /** Where it keeps its data and its log. */
  dir: string;
  /** As on redis-server's command line. */
  args: string[];
  /** A group of its own, which the terminal's Ctrl-C does not reach. */
  detached?: boolean;
  env?: NodeJS.ProcessEnv;
}

/** Starts the redis-server that stands in PATH, for this machine only. It needs a moment until it answers. */
export function spawnRedisServer({
  port,
  dir,
  args,
  detached = false,
  env = process.env,
}: RedisServerOptions): ChildProcess {
  mkdirSync(dir, { recursive: true });
  const where = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', resolve(dir)];
  return spawn(
    'redis-server',
    [...where, '--logfile', resolve(redisLogOf(dir)), '--maxmemory-policy', 'noeviction', ...args],
    { stdio: 'ignore', detached, env },
  );
}

/** The last lines that a redis-server wrote, for the reader of an error. */
export function redisLogTail(dir: string): string {
  if (!existsSync(redisLogOf(dir))) return '';
  return readFileSync(redisLogOf(dir), 'utf8').trim().split('\n').slice(-8).join('\n');
}

/** The file that a redis-server with its data in `dir` logs to. */
export const redisLogOf = (dir: string) => join(dir, 'redis.log');
