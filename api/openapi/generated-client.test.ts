import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Job } from '../../shared/job.ts';
import { succeeded, work } from '../../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { picture } from '../../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';

const { generate } = createRequire(import.meta.url)('openapi-typescript-codegen');

/** What the generator makes of the operations used here. */
interface Client {
  Darkroom: new (options: {
    BASE: string;
    TOKEN: string;
  }) => {
    jobs: {
      createJob: (form: { image: Blob; top_k?: number }) => Promise<Job>;
      getJob: (id: string, wait?: number) => Promise<Job>;
      cancelJob: (id: string) => Promise<{ result: string }>;
      eraseJob: (id: string) => Promise<void>;
    };
    health: { live: () => Promise<{ status: string }> };
  };
}

let redis: TestRedis;
let api: StartedApi;
let folder: string;

beforeAll(async () => {
  redis = await startRedis();
  api = await startApi({ redisUrl: redis.url, env: { API_KEYS: 'ann:key-of-ann' } });
  folder = await mkdtemp(join(tmpdir(), 'darkroom-client-'));
});

afterAll(async () => {
  await api.stop();
  await redis.stop();
  await rm(folder, { recursive: true });
});

test('a client that is generated from the document talks to the API', async () => {
  const input = await (await fetch(`${api.url}/openapi.json`)).json();
  await generate({ input, output: folder, clientName: 'Darkroom', useUnionTypes: true });
  const { Darkroom }: Client = await import(join(folder, 'index.ts'));
  const { jobs, health } = new Darkroom({ BASE: api.url, TOKEN: 'key-of-ann' });

  expect(await health.live()).toEqual({ status: 'ok' });
  const { id, status } = await jobs.createJob({ image: new Blob([picture('coffee')]), top_k: 3 });
  expect(status).toBe('queued');
  await work(api.store, id, succeeded);
  expect(await jobs.getJob(id, 10)).toMatchObject({ id, status: 'succeeded' });
  expect(await jobs.cancelJob(id)).toMatchObject({ result: 'already_finished' });
  await jobs.eraseJob(id);
  await expect(jobs.getJob(id)).rejects.toMatchObject({
    status: 404,
    body: { code: 'job_not_found' },
  });
});
