import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Job } from '../../shared/job.ts';
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
    const stopped = system.workers[0]?.pid() ?? 0;
    const id = await stopWithJob(stopped);
    await delay(14_000);
    const job = await read<Job>(`/v1/jobs/${id}`);
    expect(job).toMatchObject({ status: 'succeeded', attempts: 2 });
    expect(isOf(stopped, job)).toBe(false);
    // Its child has finished the same job long ago: it finds that when it wakes.
    process.kill(stopped, 'SIGCONT');
  });
});

const isOf = (pid: number, { worker }: Job) => worker?.endsWith(`-${pid}`) ?? false;

const read = async <T>(path: string): Promise<T> =>
  (await (await fetch(`${system.url}${path}`)).json()) as T;

/** Stops a worker while it has a job; resolves to the job's id. */
async function stopWithJob(pid: number): Promise<string> {
  for (;;) {
    process.kill(pid, 'SIGSTOP');
    const { jobs } = await read<{ jobs: Job[] }>('/v1/jobs?limit=100');
    const held = jobs.find((job) => job.status === 'processing' && isOf(pid, job));
    if (held) return held.id;
    process.kill(pid, 'SIGCONT');
    await delay(10);
  }
}
