import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/**
 * The cores that this process may use, at least 1: the machine's, or the control group's quota where that is less,
 * rounded up. Node 20 does not see the quota.
 */
export function availableCores(
  read = (file: string) => readFileSync(join('/sys/fs/cgroup', file), 'utf8'),
): number {
  const cores = availableParallelism();
  const [quota, period] = readQuota(read);
  // Without a quota it is `max` in version 2, which is no number, and -1 in version 1.
  if (!(quota && period && quota > 0)) return cores;
  return Math.max(1, Math.min(cores, Math.ceil(quota / period)));
}

/** Quota and period in microseconds: of control groups version 2, or of version 1, or none. */
function readQuota(read: (file: string) => string): (number | undefined)[] {
  for (const files of [['cpu.max'], ['cpu/cpu.cfs_quota_us', 'cpu/cpu.cfs_period_us']]) {
    try {
      return files.map(read).join(' ').trim().split(/\s+/).map(Number);
    } catch {
      // Not of this version; or no control group at all, as on what is not Linux.
    }
  }
  return [];
}
