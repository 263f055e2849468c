import { type ChildProcess, fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { exitOf } from '../../start/exit-of.ts';
import { memorySettings } from '../../start/memory-settings.ts';

/** A process that is started again when it ends by itself, as a container's restart policy does. */
export interface Service {
  pid(): number;
  /** How each of its processes ended, in words, the oldest first. */
  exits: string[];
  /** Sends a signal to the process that runs now; resolves when that has ended, and another was started. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends it for good; resolves to the exit code. */
  stop(): Promise<number | null>;
}

/** Runs an entry of `dist` as a service. */
export function startService(entry: 'api' | 'worker', env: NodeJS.ProcessEnv): Service {
  const exits: string[] = [];
  let stopping = false;
  let running: { child: ChildProcess; ended: Promise<number | null> };

  const run = () => {
    const child = fork(`dist/${entry}/main.js`, [], {
      env: { PATH: process.env.PATH, LOG_LEVEL: 'fatal', ...memorySettings.env, ...env },
      execArgv: memorySettings.flags,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ended = exitOf(child).then(({ code, how }) => {
      exits.push(how);
      if (!stopping) run();
      return code;
    });
    running = { child, ended };
  };
  run();

  const pid = () => running.child.pid ?? 0;
  return {
    pid,
    exits,
    async kill(signal) {
      const { child, ended } = running;
      child.kill(signal);
      await ended;
    },
    async stop() {
      stopping = true;
      const { child, ended } = running;
      // A stopped process takes no SIGTERM.
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** The processes that a process has started and that live. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
    .map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    // The name before it may hold spaces and brackets.
    const afterName = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1) ?? '';
    return Number(afterName.split(' ')[1]);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return undefined;
    throw error;
  }
}
