import { readFileSync } from 'node:fs';
import { cpus, hostname } from 'node:os';
import type { Place } from '../shared/take-turn-lua.ts';

/** Where this worker works, with all cores of the machine: not those that a quota leaves it, nor those it is tied to. */
export function readPlace(concurrency: number): Place {
  return { machine: readMachineId(), concurrency, cores: cpus().length };
}

/** The same in all containers of a machine, and another on every machine. */
function readMachineId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    // Not Linux, so in no container.
    return hostname();
  }
}
