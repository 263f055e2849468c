import sharp from 'sharp';
import { describe, expect, inject, test } from 'vitest';
import { until } from '../until.ts';
import { createDeployment } from './deployment.ts';
import { createJobs } from './jobs.ts';
import { docker } from './run.ts';

describe.skipIf(!inject('hasEngine'))('docker stop', () => {
  test('a worker that is stopped in the middle of a job finishes it, and nobody else does', async () => {
    await using deployment = await createDeployment();
    await deployment.up(2);
    const jobs = createJobs(deployment.url);
    const { id } = await jobs.submit(await slowImage());
    const { worker = '' } = await until(
      () => jobs.read(id),
      ({ status }) => status === 'processing',
    );
    const container = worker.slice(0, worker.lastIndexOf('-'));
    await docker('stop', container);

    const job = await jobs.read(id, 60);
    expect(job).toMatchObject({ status: 'succeeded', worker, attempts: 1 });
    const state = await docker('inspect', container, '--format', '{{.State.ExitCode}}');
    expect(state).toBe('0');
    const stoppedAt = await docker('inspect', container, '--format', '{{.State.FinishedAt}}');
    expect(Date.parse(stoppedAt)).toBeGreaterThanOrEqual(Date.parse(job.finished_at ?? ''));
  });
});

/** An image that takes seconds to open. */
async function slowImage(): Promise<Buffer<ArrayBuffer>> {
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 40 };
  const png = sharp({
    create: { width: 6_000, height: 5_000, channels: 3, background: 'grey', noise },
  });
  return Buffer.from(await png.avif({ quality: 50, effort: 0 }).toBuffer());
}
