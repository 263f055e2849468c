import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Job } from '../../shared/job.ts';
import { listenOnce } from '../../start/listen-once.ts';
import { until } from '../until.ts';
import { type DropProxy, startDropProxy } from './drop-proxy.ts';
import { type System, startSystem } from './system.ts';

/** With SHUTDOWN_TIMEOUT at two seconds: what is cut off, given back and closed after it. */
const LONGEST_STOP_MS = 6_000;
/** A worker's lock, after which its jobs would be taken over without a word of it. */
const LOCK_MS = 6_000;

/** A picture that a child has open for seconds. */
let slow: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  const size = { width: 3_000, height: 2_000, channels: 3 } as const;
  slow = new Uint8Array(
    await sharp({ create: { ...size, background: 'grey', noise } })
      .avif({ effort: 0 })
      .toBuffer(),
  );
}, 60_000);

async function submit({ url }: System): Promise<Job> {
  const answer = await fetch(`${url}/v1/jobs`, { method: 'POST', body: slow });
  return (await answer.json()) as Job;
}

async function read({ url }: System, { links }: Job, query = ''): Promise<Job> {
  return (await (await fetch(`${url}${links.self}${query}`)).json()) as Job;
}

async function untilProcessing(system: System, job: Job): Promise<Job> {
  return until(
    () => read(system, job),
    ({ status }) => status === 'processing',
  );
}

describe('with Redis', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem({ workers: 2, env: { SHUTDOWN_TIMEOUT: '100ms' } });
  });
  afterAll(() => system?.stop());

  test('a worker gives back at once what does not end within SHUTDOWN_TIMEOUT, and it costs no attempt', async () => {
    const job = await submit(system);
    const { worker = '' } = await untilProcessing(system, job);
    const [stopped, other] = worker.endsWith(`-${system.workers[0]?.pid()}`)
      ? system.workers
      : [...system.workers].reverse();
    const stoppedAt = performance.now();
    expect(await stopped?.stop()).toBe(0);
    const taken = await until(
      () => read(system, job),
      (now) => now.worker !== worker && now.status !== 'queued',
    );
    expect(performance.now() - stoppedAt).toBeLessThan(LOCK_MS / 2);
    expect(taken.worker).toMatch(new RegExp(`-${other?.pid()}$`));
  });

  test('an API answers an open wait with the job as it stands, and exits 0', async () => {
    const job = await submit(system);
    const waiting = read(system, job, '?wait=60');
    await untilProcessing(system, job);
    expect(await system.api.stop()).toBe(0);
    expect(['queued', 'processing']).toContain((await waiting).status);
  });
});

describe.each(['killed', 'cut off'] as const)('with Redis %s', (how) => {
  let system: System;
  let proxy: DropProxy;
  beforeEach(async () => {
    const redisPort = await listenOnce('127.0.0.1', 0);
    proxy = await startDropProxy(redisPort);
    const REDIS_URL = `redis://127.0.0.1:${proxy.port}`;
    system = await startSystem({
      redisPort,
      env: { REDIS_URL, SHUTDOWN_TIMEOUT: '2s' },
      workers: 1,
    });
  });
  afterEach(async () => {
    await system?.stop();
    await proxy?.stop();
  });

  test('API and worker exit 0 on SIGTERM, soon after SHUTDOWN_TIMEOUT at the latest', async () => {
    const job = await submit(system);
    await untilProcessing(system, job);
    if (how === 'cut off') proxy.cut();
    else process.kill(system.redisPid(), 'SIGKILL');
    await delay(500);
    const stoppedAt = performance.now();
    const codes = await Promise.all(
      [system.api, ...system.workers].map((service) => service.stop()),
    );
    expect(codes).toEqual([0, 0]);
    expect(performance.now() - stoppedAt).toBeLessThan(LONGEST_STOP_MS);
  });
});
