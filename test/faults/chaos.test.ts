import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { addRow } from './fault-rows.ts';
import { openLedger } from './ledger.ts';
import { seededRandom } from './random.ts';
import { childrenOf } from './service.ts';
import { LONGEST_RECOVERY_MS } from './survive.ts';
import { type System, startSystem } from './system.ts';

/** More with: npm run test:faults -- --chaos 2000, and the same again with --seed. */
const JOBS = Number(process.env.CHAOS_JOBS ?? 300);
const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);
const CLIENTS = 16;

let system: System;

beforeAll(async () => {
  // Of several children, so that images go to them in groups.
  system = await startSystem({ workers: 2, env: { WORKER_CONCURRENCY: '2' } });
});
afterAll(() => system?.stop());

test(`${JOBS} jobs of ${CLIENTS} clients are final once each while processes are killed at random`, {
  timeout: 120_000 + JOBS * 200,
}, async () => {
  const ledger = await openLedger(system);
  let submitting = true;
  const submitted = ledger
    .classify((sent) => sent < JOBS, CLIENTS)
    .finally(() => {
      submitting = false;
    });
  // No more faults when the last is accepted: what is open then shows how long recovery takes.
  const { what, lastFaultAt } = await killWhile(() => submitting && ledger.accepted.length < JOBS);
  await submitted;
  const row = await ledger.settle(what, lastFaultAt);
  addRow(inject('faultRows'), row);
  expect(row).toMatchObject({ jobs: JOBS, lost: 0, doubled: 0, wrong: 0 });
  expect(row.recoveryMs).toBeLessThan(LONGEST_RECOVERY_MS);
});

test(`the ${JOBS} images of a batch are final once each while processes are killed at random`, {
  timeout: 120_000 + JOBS * 200,
}, async () => {
  const ledger = await openLedger(system);
  await ledger.submitBatch(JOBS);
  const { what, lastFaultAt } = await killWhile(() => ledger.final() < 0.8 * JOBS);
  const row = await ledger.settle(`in a batch: ${what}`, lastFaultAt);
  addRow(inject('faultRows'), row);
  expect(row).toMatchObject({ jobs: JOBS, lost: 0, doubled: 0, wrong: 0 });
  expect(row.recoveryMs).toBeLessThan(LONGEST_RECOVERY_MS);
});

/** Kills one process or all workers, each second or so; tells what it killed, and when it did last. */
async function killWhile(goesOn: () => boolean): Promise<{ what: string; lastFaultAt: number }> {
  console.log(`seed ${SEED}`);
  const random = seededRandom(SEED);
  const pick = <T>(all: T[]): T | undefined => all[Math.floor(random() * all.length)];
  const kills: Record<string, () => Promise<void>> = {
    child: async () => {
      const child = pick(childrenOf(pick(system.workers)?.pid() ?? 0));
      if (child) process.kill(child, 'SIGKILL');
    },
    worker: async () => pick(system.workers)?.kill('SIGKILL'),
    'all workers': async () => {
      await Promise.all(system.workers.map((worker) => worker.kill('SIGKILL')));
    },
    api: () => system.api.kill('SIGKILL'),
    redis: () => system.restartRedis('SIGKILL'),
  };
  const killed = new Map<string, number>();
  let lastFaultAt = 0;
  while (goesOn()) {
    // Children are killed most often, as in life; a second is enough for a worker to come back, or not quite.
    const what = pick(['child', 'child', 'child', ...Object.keys(kills)]) ?? 'child';
    await kills[what]?.();
    lastFaultAt = performance.now();
    killed.set(what, (killed.get(what) ?? 0) + 1);
    await delay(200 + random() * 1_800);
  }
  return { what: `${kindsOf(killed)} (seed ${SEED})`, lastFaultAt };
}

function kindsOf(killed: Map<string, number>): string {
  return `kills of ${[...killed].map(([what, times]) => `${times} ${what}`).join(', ')}`;
}
