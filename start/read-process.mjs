import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * What the system knows of a living process; undefined where none has that pid.
 * Its start tells it from a later process with the same pid.
 * @param {number} pid
 * @returns {{ command: string, parent: number, start: string } | undefined}
 */
export function readProcess(pid) {
  return process.platform === 'linux' ? readProc(pid) : askPs(pid);
}

/** @param {number} pid */
function readProc(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in brackets, with any character in it.
    const [begin, end] = [stat.indexOf('('), stat.lastIndexOf(')')];
    const [state, parent, ...rest] = stat.slice(end + 2).split(' ');
    if (state === 'Z') return undefined;
    return { command: stat.slice(begin + 1, end), parent: Number(parent), start: rest[17] };
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}

/** @param {number} pid */
function askPs(pid) {
  const ps = spawnSync('ps', ['-o', 'ppid=,lstart=,comm=', '-p', `${pid}`], { encoding: 'utf8' });
  const [, parent, start, command] = /^\s*(\d+)\s+((?:\S+\s+){5})(.+)/.exec(ps.stdout ?? '') ?? [];
  return parent ? { command, parent: Number(parent), start: start.trim() } : undefined;
}
