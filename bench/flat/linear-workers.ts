import type { ChildProcess } from 'node:child_process';
import { startRedis } from '../../test/redis-server.ts';
import { ask } from '../ask.ts';
import { median, sum } from '../statistics.ts';
import type { WorkersOrder } from './simulated-workers.ts';
import { startProcess } from './start-process.ts';

const WORKERS_A_PROCESS = 8;
const WORK_MS = 100;
const SECONDS = 5;
/** Until their code is compiled, which so many processes do side by side. */
const WARM_UP_SECONDS = 15;

/** Jobs a second of one worker and of many, where a job takes 100 ms by a timer. */
export async function measureLinear(
  workers: number,
  rounds: number,
): Promise<{ one: number; many: number }> {
  const redis = await startRedis();
  const submitter = startProcess('submit-process', redis);
  const processes = Array.from({ length: workers / WORKERS_A_PROCESS }, () =>
    startProcess('simulated-workers', redis),
  );
  // Twice as many as can be done, so that no worker lacks one.
  const submitFor = (seconds: number) =>
    ask(submitter, { jobs: (2 * workers * seconds * 1000) / WORK_MS });
  const run = async (chosen: ChildProcess[], each: number, seconds = SECONDS) => {
    const order: WorkersOrder = {
      workers: each,
      concurrency: 1,
      workMs: WORK_MS,
      jobs: Number.MAX_SAFE_INTEGER,
      seconds,
    };
    const runs = await Promise.all(
      chosen.map((child) => ask<{ jobs: number; seconds: number }>(child, order)),
    );
    return sum(runs.map(({ jobs, seconds }) => jobs / seconds));
  };
  const [one, many]: [number[], number[]] = [[], []];
  try {
    await submitFor(WARM_UP_SECONDS);
    await run(processes, WORKERS_A_PROCESS, WARM_UP_SECONDS);
    for (let round = 0; round < rounds; round += 1) {
      await submitFor(SECONDS);
      one.push(await run(processes.slice(0, 1), 1));
      many.push(await run(processes, WORKERS_A_PROCESS));
    }
  } finally {
    for (const child of [submitter, ...processes]) child.kill();
    await redis.stop();
  }
  return { one: median(one), many: median(many) };
}
