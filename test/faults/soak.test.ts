import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { fixedKeys } from '../fixed-keys.ts';
import { until } from '../until.ts';
import { addRow } from './fault-rows.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { readState, type State } from './process-state.ts';
import { type System, startSystem } from './system.ts';

/** Longer with: npm run test:faults -- --soak 30. */
const MINUTES = Number(process.env.SOAK_MINUTES ?? 0.75);
const SAMPLES = 40;
const RESULT_TTL_SECONDS = 5;
/** What a process may have more at the end than before: open pictures, what its allocator keeps, a connection a client. */
const SLACK_BYTES = 24 * 2 ** 20;
const SLACK_PART = 0.1;
const CLIENTS = 16;
/** Single jobs are sent for so long, and then a batch: beside them it would not advance. */
const SINGLE_MS = 4_000;
const BATCH = 48;

let system: System;

beforeAll(async () => {
  system = await startSystem({
    env: { RESULT_TTL: `${RESULT_TTL_SECONDS}s`, WORKER_CONCURRENCY: '2' },
  });
});
afterAll(() => system?.stop());

const median = (states: State[], name: string) =>
  states.map((state) => state[name] ?? 0).sort((a, b) => a - b)[Math.floor(states.length / 2)] ?? 0;

test(`${MINUTES} minutes at full load leave memory, handles, children and keys as they were`, {
  timeout: 120_000 + MINUTES * 90_000,
}, async () => {
  const ledger = await openLedger(system);
  const end = performance.now() + MINUTES * 60_000;
  const load = alternate(ledger, end);
  const states: State[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    await delay((MINUTES * 60_000) / SAMPLES);
    states.push(readState(system));
  }
  await load;
  const half = states.slice(SAMPLES / 2, SAMPLES * 0.75);
  const last = states.slice(SAMPLES * 0.75);
  for (const name of Object.keys(states[0] ?? {})) {
    const [before, after] = [median(half, name), median(last, name)];
    const slack = name.endsWith('memory') ? SLACK_BYTES + SLACK_PART * before : CLIENTS;
    console.log(`${name}: ${before} → ${after}`);
    expect(after, name).toBeLessThan(before + slack);
  }
  const row = { fault: `none, ${MINUTES} minutes at full load`, ...ledger.tally(), recoveryMs: 0 };
  addRow(inject('faultRows'), row);
  expect(row).toMatchObject({ lost: 0, doubled: 0, wrong: 0 });
  await ledger.close();
  await until(
    async () => (await system.redis.keys('*')).filter((key) => !fixedKeys.test(key)),
    (keys) => keys.length === 0,
    30_000,
  );
});

/** Full load of single jobs and of batches, in turns. */
async function alternate(ledger: Ledger, end: number): Promise<void> {
  while (performance.now() < end) {
    const turn = Math.min(performance.now() + SINGLE_MS, end);
    await ledger.classify(() => performance.now() < turn, CLIENTS);
    await ledger.classifyBatch(BATCH);
  }
}
