import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, inject, test } from 'vitest';
import { addRow } from './fault-rows.ts';
import { survive } from './survive.ts';
import { type System, startSystem } from './system.ts';

const disk = mkdtempSync(join(tmpdir(), 'darkroom-disk-'));
const isMounted = mount();
let system: System;

beforeAll(async () => {
  if (isMounted) system = await startSystem({ redisDir: disk });
});
afterAll(async () => {
  await system?.stop();
  if (isMounted) execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
});

test('a full disk under the AOF of Redis loses no job that was accepted', async ({ skip }) => {
  const fault = 'disk of Redis full, 12 s';
  if (!isMounted) {
    addRow(inject('faultRows'), { fault, notRun: 'a small disk cannot be mounted here' });
    skip();
  }
  await survive(system, fault, async () => {
    const filler = join(disk, 'filler');
    // Writes until there is no room, and says so with exit code 1.
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k'], { stdio: 'ignore' });
    await delay(12_000);
    rmSync(filler);
  });
});

/** A disk of 64 MB, where this process may mount one. */
function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    // Not root, or in a container that may not.
    return false;
  }
}
