import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessUsage {
  pid: number;
  /** What it is called: `darkroom-api`, `darkroom-worker`, `darkroom-worker-child`, `redis-server`. */
  name: string;
  /** CPU time so far, its own and the system's for it. */
  cpuMs: number;
  residentMb: number;
}

/** Ticks of /proc/PID/stat in a second: the kernel's USER_HZ, 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The processes below the given ones, and these themselves. Linux only: elsewhere CPU time has no such resolution. */
export function processTree(roots: number[]): ProcessUsage[] {
  const all = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => readProcess(Number(entry)));
  const wanted = new Set(roots);
  // A child may stand before its parent in the list, so go over it until nothing is added.
  for (let size = 0; size !== wanted.size; ) {
    size = wanted.size;
    for (const { pid, parent } of all) if (wanted.has(parent)) wanted.add(pid);
  }
  return all.filter(({ pid }) => wanted.has(pid));
}

function readProcess(pid: number): (ProcessUsage & { parent: number })[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name stands in brackets and may hold spaces; the fields behind it are those of proc(5) from the third on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split(/[\0 :]/)[0] ?? '';
    return [
      {
        pid,
        parent: Number(fields[1]),
        name: command.split('/').at(-1) ?? '',
        cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND,
        residentMb: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024,
      },
    ];
  } catch (error) {
    // It ended while the list was read.
    if (error instanceof Error && 'code' in error && /ENOENT|ESRCH/.test(String(error.code)))
      return [];
    throw error;
  }
}
