import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isFinal, type Job } from '../../shared/job.ts';
import { residentBytes } from './process-state.ts';
import { childrenOf } from './service.ts';
import { survive } from './survive.ts';
import { type System, startSystem } from './system.ts';

/** A child has 150 to 200 MB with photographs, and 300 and more while it decodes the large picture. */
const DECODING_BYTES = 250 * 2 ** 20;

let system: System;
let large: Buffer<ArrayBuffer>;

beforeAll(async () => {
  // Interlaced, so that all of its 48 million pixels are in memory before the first can be used.
  const blank = { width: 8000, height: 6000, channels: 3, background: 'teal' } as const;
  large = Buffer.from(await sharp({ create: blank }).png({ progressive: true }).toBuffer());
  system = await startSystem({ env: { JOB_TIMEOUT: '5s' } });
});
afterAll(() => system?.stop());

/** Classifies the large picture, and sends a signal to each child that has it open. */
async function afflict(signal?: NodeJS.Signals): Promise<Job> {
  const read = async (path: string, init?: RequestInit): Promise<Job> =>
    (await (await fetch(`${system.url}${path}`, init)).json()) as Job;
  const { links } = await read('/v1/jobs', { method: 'POST', body: large });
  const afflicted = new Set<number>();
  for (;;) {
    const job = await read(links.self);
    if (isFinal(job.status)) return job;
    for (const child of childrenOf(Number(job.worker?.split('-').at(-1)))) {
      if (!signal || afflicted.has(child) || residentBytes(child) < DECODING_BYTES) continue;
      afflicted.add(child);
      process.kill(child, signal);
    }
    await delay(5);
  }
}

for (const [fault, signal, code] of [
  ['kills', 'SIGABRT', 'image_crashed'],
  ['hangs', 'SIGSTOP', 'image_timed_out'],
] as const) {
  test(`an image that ${fault} its child, and the next one, fails alone`, async () => {
    await survive(system, `an image that ${fault} its children`, async () => {
      expect(await afflict(signal)).toMatchObject({ status: 'failed', error: { code } });
    });
  });
}

test('an image that fills the memory of its child fails alone', async () => {
  await system.stop();
  system = await startSystem({ env: { CHILD_MEMORY_LIMIT: `${DECODING_BYTES}` } });
  await survive(system, 'an image that fills the memory of its children', async () => {
    expect(await afflict()).toMatchObject({
      status: 'failed',
      error: { code: 'image_out_of_memory' },
    });
  });
});
