import { setTimeout as delay } from 'node:timers/promises';
import { expect, inject } from 'vitest';
import { until } from '../until.ts';
import { addRow, type FaultRow } from './fault-rows.ts';
import { openLedger } from './ledger.ts';
import type { System } from './system.ts';

/** An accepted job is final so long after the fault's end, at most. */
export const LONGEST_RECOVERY_MS = 15_000;

interface Options {
  /** Pictures that are sent at once; the fault begins when a third of them is accepted. */
  jobs?: number;
  headers?: Record<string, string>;
}

/**
 * Makes a fault under load: a burst of pictures, and then a few each second for as long as the fault lasts. `make`
 * resolves at its end. Adds a row to the table; fails where a job is lost, doubled, wrong or late.
 */
export async function survive(
  system: System,
  fault: string,
  make: () => Promise<void>,
  { jobs = 30, headers = {} }: Options = {},
): Promise<FaultRow> {
  const ledger = await openLedger(system, headers);
  const burst = ledger.submit(jobs);
  await until(
    async () => ledger.accepted.length,
    (count) => count >= jobs / 3,
  );
  let lasts = true;
  const trickle = async () => {
    for (; lasts; await delay(250)) await ledger.submit(1);
  };
  const trickling = trickle();
  await make();
  const endedAt = performance.now();
  lasts = false;
  await Promise.all([burst, trickling]);
  const row = await ledger.settle(fault, endedAt);
  addRow(inject('faultRows'), row);
  expect(row).toMatchObject({ lost: 0, doubled: 0, wrong: 0 });
  expect(row.recoveryMs).toBeLessThan(LONGEST_RECOVERY_MS);
  await system.untilReady();
  return row;
}
