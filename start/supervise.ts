import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { type Exit, exitOf } from './exit-of.ts';

export interface Supervision {
  /** Begins a sentence: "The worker ended with exit code 1". */
  name: string;
  /** Starts the process, as the leader of a group of its own. */
  start: () => ChildProcess;
  say: (line: string) => void;
  /** True of an end that another start would not heal. */
  isHopeless: (exit: Exit) => boolean;
  backoff?: { firstMs: number; longestMs: number; forgottenAfterMs: number };
}

export type Supervised = ReturnType<typeof supervise>;

/** Starts a process and starts it again whenever it ends, later each time, until it is stopped or hopeless. */
export function supervise({ name, start, say, isHopeless, backoff = defaultBackoff }: Supervision) {
  const stopping = new AbortController();
  let child: ChildProcess | undefined;

  const keepRunning = async (): Promise<Exit | undefined> => {
    let waitMs = backoff.firstMs;
    for (;;) {
      const startedAt = performance.now();
      child = start();
      const exit = await exitOf(child);
      child = undefined;
      if (stopping.signal.aborted) return undefined;
      if (isHopeless(exit)) {
        say(`${name} ended with ${exit.how}, which starting it again will not heal.`);
        return exit;
      }
      if (performance.now() - startedAt >= backoff.forgottenAfterMs) waitMs = backoff.firstMs;
      say(`${name} ended with ${exit.how}: starting it again in ${waitMs / 1000} s.`);
      await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return undefined;
      waitMs = Math.min(waitMs * 2, backoff.longestMs);
    }
  };
  const ended = keepRunning();

  /** Ends it at once, and what it has started itself. */
  const kill = (): void => {
    stopping.abort();
    if (child?.pid !== undefined) killGroup(child.pid);
  };

  return {
    /** Resolves when it does not run any more and will not again: to its hopeless exit, or undefined when stopped. */
    ended,
    kill,
    /** Asks it to end, and ends it where it has not within the time. */
    async stop(killAfterMs: number): Promise<void> {
      stopping.abort();
      child?.kill('SIGTERM');
      const timer = setTimeout(() => {
        say(`${name} did not end within ${killAfterMs / 1000} s: killing it.`);
        kill();
      }, killAfterMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Half a second for a crash, ten for one that keeps crashing; a minute of life counts as healthy. */
const defaultBackoff = { firstMs: 500, longestMs: 10_000, forgottenAfterMs: 60_000 };

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It has just ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
