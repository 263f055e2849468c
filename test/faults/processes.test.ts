import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, test } from 'vitest';
import { childrenOf } from './service.ts';
import { survive } from './survive.ts';
import { type System, startSystem } from './system.ts';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.stop());

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`a child that is ended with ${signal} loses no job`, async () => {
    await survive(system, `${signal} of a child`, async () => {
      const [child = 0] = childrenOf(system.workers[0]?.pid() ?? 0);
      process.kill(child, signal);
    });
  });

  test(`a worker that is ended with ${signal} loses no job, and the one that comes back takes its share`, async () => {
    await survive(system, `${signal} of a worker`, async () => {
      await system.workers[0]?.kill(signal);
    });
  });

  test(`an API that is ended with ${signal} loses no job`, async () => {
    await survive(system, `${signal} of the API`, async () => {
      await system.api.kill(signal);
    });
  });
}

test('every worker killed at once loses no job', async () => {
  await survive(system, 'SIGKILL of all workers', async () => {
    await Promise.all(system.workers.map((worker) => worker.kill('SIGKILL')));
  });
});

test('a worker that is stopped for longer than its lock doubles no job when it goes on', async () => {
  await survive(system, 'two workers with the same lock: SIGSTOP of one, 14 s', async () => {
    const pid = system.workers[0]?.pid() ?? 0;
    process.kill(pid, 'SIGSTOP');
    await delay(14_000);
    process.kill(pid, 'SIGCONT');
  });
});
