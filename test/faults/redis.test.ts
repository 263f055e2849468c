import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createKeyStore } from '../../shared/key-store.ts';
import { cutAof } from './cut-aof.ts';
import { addRow } from './fault-rows.ts';
import { openLedger } from './ledger.ts';
import { survive } from './survive.ts';
import { type System, startSystem } from './system.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.stop());

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`a Redis that is ended with ${signal} and comes back has every job that was accepted`, async () => {
    await survive(system, `${signal} of Redis`, () => system.restartRedis(signal));
  });
}

test('with appendfsync always too', async () => {
  await system.redis.config('SET', 'appendfsync', 'always');
  await survive(system, 'SIGKILL of Redis, fsync always', () => system.restartRedis('SIGKILL'));
});

test('a Redis that does not answer for 30 s loses no job', async () => {
  await survive(system, 'Redis paused, 30 s', async () => {
    process.kill(system.redisPid(), 'SIGSTOP');
    await delay(30_000);
    process.kill(system.redisPid(), 'SIGCONT');
  });
});

test('a Redis without memory loses no job that was accepted, and takes jobs again when it has some', async () => {
  await survive(system, 'Redis out of memory, 12 s', async () => {
    await system.redis.config('SET', 'maxmemory', '1mb');
    await delay(12_000);
    await system.redis.config('SET', 'maxmemory', '0');
  });
});

test('a job whose ticket was in the lost end of the AOF gets another one', async () => {
  const ledger = await openLedger(system);
  // Nobody takes the jobs before the end is lost.
  for (const worker of system.workers) process.kill(worker.pid(), 'SIGSTOP');
  await ledger.submit(5, 1);
  await system.restartRedis('SIGKILL', () => {
    cutAof(system.redisDir, `bull:jobs:${ledger.accepted[3]?.id}`);
  });
  const endedAt = performance.now();
  for (const worker of system.workers) process.kill(worker.pid(), 'SIGCONT');
  const row = await ledger.settle(
    'AOF cut off between job and ticket; of 5 jobs 1 is in the part cut off',
    endedAt,
  );
  addRow(inject('faultRows'), row);
  // The fifth went with what was cut off.
  expect(row).toMatchObject({ jobs: 5, lost: 1, doubled: 0, wrong: 0 });
  expect(row.recoveryMs).toBeLessThan(15_000);
});

test('a Redis that comes back empty opens to nobody, knows no job, and is used without a restart', async () => {
  const keys = createKeyStore(system.redis);
  const call = async (path: string, key?: string) =>
    (
      await fetch(
        `${system.url}${path}`,
        key ? { headers: { Authorization: `Bearer ${key}` } } : {},
      )
    ).status;
  const lost = await keys.create('alice');
  await delay(1_100);
  expect(await call('/v1/jobs')).toBe(401);
  const ledger = await openLedger(system, { Authorization: `Bearer ${lost}` });
  await ledger.submit(1, 1);
  await system.restartRedis('SIGKILL', () => {
    for (const name of readdirSync(system.redisDir)) {
      if (name !== 'redis.log') rmSync(join(system.redisDir, name), { recursive: true });
    }
  });
  await system.untilReady();
  expect(await call('/v1/jobs')).toBe(401);
  // A change of the keys holds within a second.
  await delay(1_100);
  expect(await call('/v1/jobs', lost)).toBe(401);

  const key = (await keys.create('alice')) ?? '';
  await delay(1_100);
  expect(await call(`/v1/jobs/${ledger.accepted[0]?.id}`, key)).toBe(404);
  await survive(system, 'Redis comes back empty', async () => undefined, {
    headers: { Authorization: `Bearer ${key}` },
  });
});
