import { type ChildProcess, fork } from 'node:child_process';
import type { TestRedis } from '../../test/redis-server.ts';

/** Starts a process of the benchmark on a Redis; its orders go by `ask`. */
export function startProcess(name: string, { url }: TestRedis): ChildProcess {
  return fork(`bench/flat/${name}.ts`, [url], { execArgv: ['--import', 'tsx'] });
}
