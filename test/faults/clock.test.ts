import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, inject, test } from 'vitest';
import { addRow } from './fault-rows.ts';
import { survive } from './survive.ts';
import { type System, startSystem } from './system.ts';

const libfaketime = findLibfaketime();
const clocks = mkdtempSync(join(tmpdir(), 'darkroom-clocks-'));
const who = ['workers', 'API', 'Redis'] as const;
type Who = (typeof who)[number];

const fileOf = (name: Who) => join(clocks, name);
/** Sets a clock so many seconds before or after the right time. */
const setClock = (name: Who, seconds: number) =>
  writeFileSync(fileOf(name), `${seconds < 0 ? '' : '+'}${seconds}\n`);

const fakeTime = (name: Who): NodeJS.ProcessEnv => ({
  // Debian's Redis has jemalloc, which asks for the time when it is called first, and libfaketime then for memory, for
  // ever. With the allocator of libc before it, neither waits for the other.
  LD_PRELOAD: `${libfaketime}${name === 'Redis' ? ':libc.so.6' : ''}`,
  FAKETIME_TIMESTAMP_FILE: fileOf(name),
  FAKETIME_NO_CACHE: '1',
  // The clock that timers run on does not jump.
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
});

/** Why a clock cannot be set here, if so: a Redis that is linked with jemalloc statically does not start. */
function obstacle(name: Who): string | undefined {
  if (!libfaketime) return 'there is no libfaketime';
  if (name !== 'Redis') return undefined;
  const env = { ...process.env, ...fakeTime('Redis') };
  const { status } = spawnSync('redis-server', ['--version'], { env, timeout: 5_000 });
  return status === 0 ? undefined : 'redis-server does not start under libfaketime';
}

let system: System;

beforeAll(async () => {
  if (!libfaketime) return;
  for (const name of who) setClock(name, 0);
  system = await startSystem({
    apiEnv: fakeTime('API'),
    workerEnv: () => fakeTime('workers'),
    redisEnv: { ...process.env, ...(obstacle('Redis') ? {} : fakeTime('Redis')) },
  });
});
afterAll(async () => {
  await system?.stop();
  rmSync(clocks, { recursive: true });
});

for (const name of who) {
  test(`the clock of ${name} may jump an hour ahead and back`, async ({ skip }) => {
    const fault = `clock of ${name} jumps an hour ahead, and back`;
    const notRun = obstacle(name);
    if (notRun) {
      addRow(inject('faultRows'), { fault, notRun });
      skip();
    }
    await survive(system, fault, async () => {
      setClock(name, 3_600);
      await delay(3_000);
      setClock(name, 0);
    });
  });
}

test('a worker that is killed after the clock of Redis was set back is missed all the same', async ({
  skip,
}) => {
  const fault = 'clock of Redis set back, then SIGKILL of a worker';
  const notRun = obstacle('Redis');
  if (notRun) {
    addRow(inject('faultRows'), { fault, notRun });
    skip();
  }
  setClock('Redis', 3_600);
  await delay(3_000);
  await survive(system, fault, async () => {
    setClock('Redis', 0);
    await system.workers[0]?.kill('SIGKILL');
  });
});

function findLibfaketime(): string | undefined {
  if (!existsSync('/usr/lib')) return undefined;
  return readdirSync('/usr/lib')
    .map((arch) => `/usr/lib/${arch}/faketime/libfaketimeMT.so.1`)
    .find((path) => existsSync(path));
}
