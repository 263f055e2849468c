import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { childrenOf } from './service.ts';
import type { System } from './system.ts';

/** What would grow if something leaked, by name: bytes of memory, open handles, processes. */
export type State = Record<string, number>;

export function readState(system: System): State {
  const processes: Record<string, number> = { api: system.api.pid(), redis: system.redisPid() };
  let children = 0;
  system.workers.forEach((worker, index) => {
    processes[`worker ${index}`] = worker.pid();
    const own = childrenOf(worker.pid());
    children += own.length;
    own.forEach((pid, position) => {
      processes[`child ${index}.${position}`] = pid;
    });
  });
  const state: State = { children };
  for (const [name, pid] of Object.entries(processes)) {
    // A child may have been replaced since the list was made.
    if (!existsSync(`/proc/${pid}/fd`)) continue;
    state[`${name}: memory`] = residentBytes(pid);
    state[`${name}: handles`] = readdirSync(`/proc/${pid}/fd`).length;
  }
  return state;
}

/** Resident memory of a process; 0 of one that has ended. */
export function residentBytes(pid: number): number {
  if (!existsSync(`/proc/${pid}`)) return 0;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
