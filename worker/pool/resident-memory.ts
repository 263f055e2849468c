import { execFile } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ResidentMemory {
  /** In bytes; 0 where the process has ended. */
  read(): number | Promise<number>;
  close(): void;
}

/**
 * Looks at the resident memory of a process. It is looked at so often that the file in /proc stays open, and is read
 * without a thread: the kernel writes it in microseconds.
 */
export function residentMemory(pid: number): ResidentMemory {
  if (process.platform !== 'linux') return { read: () => askPs(pid), close: () => undefined };
  const file = openSync(`/proc/${pid}/status`, 'r');
  const text = Buffer.allocUnsafe(4096);
  return {
    read() {
      try {
        const length = readSync(file, text, 0, text.length, 0);
        const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(text.toString('latin1', 0, length)) ?? [];
        return Number(kilobytes ?? 0) * 1024;
      } catch (error) {
        return nothingIfGone(error);
      }
    },
    close: () => closeSync(file),
  };
}

async function askPs(pid: number): Promise<number> {
  try {
    const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
    return Number(stdout) * 1024;
  } catch (error) {
    return nothingIfGone(error);
  }
}

/** The process ended between two looks: /proc has no entry then, and ps answers with exit code 1. */
function nothingIfGone(error: unknown): 0 {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ESRCH' || code === 1) return 0;
  throw error;
}
