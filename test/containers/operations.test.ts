import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { until } from '../until.ts';
import { createDeployment, type Deployment } from './deployment.ts';
import { readDocsCommands } from './docs-commands.ts';
import { createJobs } from './jobs.ts';
import { readPictures } from './pictures.ts';
import { docker } from './run.ts';

describe.skipIf(!inject('hasEngine'))('the commands of docs/deploy.md', () => {
  let deployment: Deployment;
  let jobs: ReturnType<typeof createJobs>;
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-backup-'));

  beforeAll(async () => {
    deployment = await createDeployment({ file: resolve('compose.yaml') });
    jobs = createJobs(deployment.url);
    await deployment.up(4);
  });
  afterAll(async () => {
    await deployment?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  const workersReady = (count: number) =>
    until(deployment.registered, (names) => names.length === count, 60_000);

  test('a backup that is restored brings back what was finished, and only that', async () => {
    const [backup = '', restore = ''] = readDocsCommands('Backup and restore');
    const before = await jobs.awaitAll(await jobs.submitAll(readPictures(10)));
    await deployment.shell(backup, folder);
    const [after = ''] = await jobs.submitAll(readPictures(1));
    await jobs.read(after, 60);

    await deployment.shell(restore, folder);
    await workersReady(1);
    expect(await jobs.awaitAll(before.map(({ id }) => id))).toEqual(before);
    await expect(jobs.read(after)).rejects.toThrow(/answered 404/);

    await deployment.compose('restart', 'redis');
    await until(deployment.registered, (names) => names.length > 0, 60_000);
    expect(await jobs.awaitAll(before.map(({ id }) => id))).toEqual(before);
  });

  test('an upgrade under load loses no job', async () => {
    await deployment.up(4);
    const old = new Set(await deployment.containers('worker'));
    const ids = await jobs.submitAll(readPictures(300));
    const [commands = ''] = readDocsCommands('Upgrade without losing jobs');
    const upgraded = deployment.shell(
      commands.replace('compose build', 'compose build --build-arg VERSION=99.0.0'),
    );
    const all = await jobs.awaitAll(ids);
    await upgraded;
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set(['succeeded']));
    expect(new Set(all.map(({ attempts }) => attempts))).toEqual(new Set([1]));

    await workersReady(4);
    const workers = await deployment.containers('worker');
    expect(workers.filter((id) => old.has(id))).toEqual([]);
    const label = '{{index .Config.Labels "org.opencontainers.image.version"}}';
    expect(await docker('inspect', workers[0] ?? '', '--format', label)).toBe('99.0.0');
  });
});
