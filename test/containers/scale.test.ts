import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Job } from '../../shared/job.ts';
import { createDeployment, type Deployment } from './deployment.ts';
import { countByWorker, createJobs } from './jobs.ts';
import { readPictures } from './pictures.ts';
import { docker, run } from './run.ts';

describe.skipIf(!inject('hasEngine'))('scaled with Compose', () => {
  let deployment: Deployment;
  let jobs: ReturnType<typeof createJobs>;
  const finished: Job[] = [];

  beforeAll(async () => {
    deployment = await createDeployment({ env: { API_KEYS: 'test:a-key-for-the-test' } });
    jobs = createJobs(deployment.url, 'a-key-for-the-test');
    await deployment.up(4);
  });
  afterAll(() => deployment?.[Symbol.asyncDispose]());

  test('four workers share 200 pictures within 20 per cent, and each has its result once', async () => {
    const all = await jobs.awaitAll(await jobs.submitAll(readPictures(200)));
    finished.push(...all);

    expect(new Set(all.map(({ id }) => id)).size).toBe(200);
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set(['succeeded']));
    expect(new Set(all.map(({ attempts }) => attempts))).toEqual(new Set([1]));
    const shares = [...countByWorker(all).values()];
    console.log(`Shares of four workers in 200 pictures: ${shares.join(', ')}`);
    expect(shares).toHaveLength(4);
    expect(Math.max(...shares)).toBeLessThanOrEqual(1.2 * Math.min(...shares));
  });

  test('the log of the workers is JSON, with one line for each job', async () => {
    const containers = await deployment.containers('worker');
    const readLog = (id: string) => run('sh', ['-c', 'docker logs "$0" 2>&1', id]);
    const logs = await Promise.all(containers.map(readLog));
    const lines = logs.flatMap((log) => log.split('\n')).map((line) => JSON.parse(line));
    const done = lines.filter(({ msg }) => msg === 'job').map(({ job }) => job);
    expect(done.sort()).toEqual(finished.map(({ id }) => id).sort());
  });

  test('down and up keep the finished jobs and the usage', async () => {
    const usage = await jobs.answer('/v1/usage');
    const count = finished.length;
    expect(usage).toMatchObject({ total_requests: count, successful_requests: count });
    await deployment.compose('down');
    await deployment.up(2);
    expect(await jobs.awaitAll(finished.map(({ id }) => id))).toEqual(finished);
    expect(await jobs.answer('/v1/usage')).toEqual(usage);
  });

  test('a batch of 200 pictures is done once each, with the labels of single jobs', async () => {
    const pictures = readPictures(200);
    const rows = await jobs.runBatch(pictures);
    expect(new Set(rows.map(({ job_id }) => job_id)).size).toBe(200);
    const labels = await jobs.awaitAll(await jobs.submitAll(pictures));
    expect(rows.map(({ predictions }) => predictions)).toEqual(
      labels.map(({ predictions }) => predictions),
    );
  });

  test.skipIf(availableParallelism() < 2)(
    // Redis takes a tenth of two cores, and the machine's speed changes within a minute: so they take turns, and may try
    // again.
    'two workers on two cores make at least 1.7 times the images per second of one',
    { retry: 2, timeout: 600_000 },
    async () => {
      const ratios: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        await deployment.up(2);
        // The second worker is new, and compiles what it runs.
        await measureRate();
        await measureRate();
        const two = await measureRate();
        await deployment.up(1);
        const one = await measureRate();
        ratios.push(two / one);
        console.log(`Images/s of one worker ${one.toFixed(1)}, of two ${two.toFixed(1)}`);
      }
      expect(ratios.toSorted((a, b) => a - b)[1]).toBeGreaterThanOrEqual(1.7);
    },
  );

  test('scaling to one and to three under load loses nothing', async () => {
    await deployment.up(4);
    const submitted = jobs.submitAll(readPictures(200));
    await deployment.up(1);
    const more = jobs.submitAll(readPictures(200));
    await deployment.up(3);
    const all = await jobs.awaitAll([...(await submitted), ...(await more)]);
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set(['succeeded']));
    // Nobody was interrupted: what a worker held when it was told to stop, it finished.
    expect(new Set(all.map(({ attempts }) => attempts))).toEqual(new Set([1]));
  });

  /**
   * Images/s of the workers that run: on a queue that is filled before they begin, so that nothing else uses a core, and
   * for seconds, since the engine lets one go on after the other.
   */
  async function measureRate(): Promise<number> {
    const workers = await deployment.containers('worker');
    await docker('pause', ...workers);
    const ids = await jobs.submitAll(readPictures(600));
    await docker('unpause', ...workers);
    const measured = (await jobs.awaitAll(ids)).map(({ started_at = '', finished_at = '' }) => ({
      startedAt: Date.parse(started_at),
      finishedAt: Date.parse(finished_at),
    }));
    const from = Math.min(...measured.map(({ startedAt }) => startedAt));
    const to = Math.max(...measured.map(({ finishedAt }) => finishedAt));
    return (1000 * measured.length) / (to - from);
  }
});
