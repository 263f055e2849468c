import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * The cores that this process may use, at least 1: the machine's, or the control group's quota where that is less,
 * rounded up. Node does not see the quota (`cpu.max`: quota and period in microseconds, or `max`).
 */
export function availableCores(
  readCpuMax = () => readFileSync('/sys/fs/cgroup/cpu.max', 'utf8'),
): number {
  const cores = availableParallelism();
  let cpuMax: string;
  try {
    cpuMax = readCpuMax();
  } catch {
    // No control group of version 2: not Linux, or an old one.
    return cores;
  }
  const [quota, period] = cpuMax.trim().split(' ').map(Number);
  if (!quota || !period) return cores;
  return Math.max(1, Math.min(cores, Math.ceil(quota / period)));
}
