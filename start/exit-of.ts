import type { ChildProcess } from 'node:child_process';

export interface Exit {
  /** Null where a signal ended it or it could not be started. */
  code: number | null;
  /** In words. */
  how: string;
}

/** Resolves when a process has ended, or could not be started. */
export function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      // An error comes also where a living child cannot be signalled.
      if (child.pid === undefined) resolve({ code: null, how: error.message });
    });
    child.once('exit', (code, signal) => {
      resolve({ code, how: signal ? `signal ${signal}` : `exit code ${code}` });
    });
  });
}
