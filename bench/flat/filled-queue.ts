import type { ChildProcess } from 'node:child_process';
import { Redis } from 'ioredis';
import { startRedis } from '../../test/redis-server.ts';
import { ask } from '../ask.ts';
import { processTree } from '../process-usage.ts';
import { sum } from '../statistics.ts';
import type { WorkersOrder } from './simulated-workers.ts';
import { startProcess } from './start-process.ts';

/** Jobs of one measurement. */
const PIECE = 2_000;
const FIRST = 100;

/** A queue in which so many jobs wait, on a Redis of its own. */
export interface FilledQueue {
  /** What Redis holds for each that waits. */
  bytesEach: number;
  /** Submits a piece and takes a piece, so that as many wait afterwards as before. CPU milliseconds of a job. */
  measure(): Promise<{ submitMs: number; takeMs: number }>;
  stop(): Promise<void>;
}

export async function fillQueue(jobs: number): Promise<FilledQueue> {
  const redis = await startRedis();
  const submitter = startProcess('submit-process', redis);
  const worker = startProcess('simulated-workers', redis);
  const stop = async () => {
    submitter.kill();
    worker.kill();
    await redis.stop();
  };
  const cpuOf = async (child: ChildProcess, order: object) => {
    const pids = [redis.process.pid ?? 0, child.pid ?? 0];
    const total = () => sum(processTree(pids).map(({ cpuMs }) => cpuMs));
    const before = total();
    await ask(child, order);
    return (total() - before) / PIECE;
  };
  const take: WorkersOrder = { workers: 1, concurrency: 16, workMs: 0, jobs: PIECE, seconds: 60 };
  try {
    // The first jobs bring the scripts and the lists with them.
    await ask(submitter, { jobs: FIRST });
    const rest = jobs - FIRST;
    const bytesEach = (await bytesOf(redis.url, () => ask(submitter, { jobs: rest }))) / rest;
    return {
      bytesEach,
      measure: async () => ({
        submitMs: await cpuOf(submitter, { jobs: PIECE }),
        takeMs: await cpuOf(worker, take),
      }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What Redis' memory grows by. */
async function bytesOf(url: string, action: () => Promise<unknown>): Promise<number> {
  const redis = new Redis(url);
  const used = async () => Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
  try {
    const before = await used();
    await action();
    return (await used()) - before;
  } finally {
    redis.disconnect();
  }
}
