import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { docker, run } from './run.ts';

const MB = 1_000_000;

describe.skipIf(!inject('hasEngine'))('the images', () => {
  // A copy of what git would commit, to be changed.
  const checkout = mkdtempSync(join(tmpdir(), 'darkroom-checkout-'));
  const tag = (name: string) => `darkroom-test-${name}`;
  const build = (name: string) =>
    run(
      'docker',
      ['build', '-q', '--network', 'host', '-f', `Dockerfile.${name}`, '-t', tag(name), '.'],
      { cwd: checkout },
    );
  const size = async (image: string) =>
    Number(await docker('image', 'inspect', image, '--format', '{{.Size}}'));
  const layers = async (image: string): Promise<string[]> =>
    JSON.parse(await docker('image', 'inspect', image, '--format', '{{json .RootFS.Layers}}'));

  beforeAll(async () => {
    const files = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard']);
    for (const file of files.split('\n')) cpSync(file, join(checkout, file));
    await build('api');
    await build('worker');
  });
  afterAll(async () => {
    rmSync(checkout, { recursive: true });
    await docker('image', 'rm', tag('api'), tag('worker'));
  });

  test('the API takes at most 30 MB more than Node, and a worker 150 MB without its models', async () => {
    const base = await size('node:24-bookworm-slim');
    const api = (await size(tag('api'))) - base;
    const models = await run('du', ['-sb', 'models']).then((line) => Number.parseInt(line, 10));
    const worker = (await size(tag('worker'))) - base - models;
    console.log(
      `Beyond Node: API ${(api / MB).toFixed(1)} MB; worker ${(worker / MB).toFixed(1)} MB and ${(models / MB).toFixed(1)} MB of models`,
    );
    expect(api).toBeLessThanOrEqual(30 * MB);
    expect(worker).toBeLessThanOrEqual(150 * MB);
  });

  test('they share every layer down to the packages of both', async () => {
    const [api, worker] = await Promise.all([layers(tag('api')), layers(tag('worker'))]);
    const base = await layers('node:24-bookworm-slim');
    const shared = api.filter((layer) => worker.includes(layer));
    // Node's own, the one without npm, the folder, the packages.
    expect(shared.length).toBeGreaterThanOrEqual(base.length + 3);
  });

  test('a change of one line in worker/ is built in seconds, and sends no packages or models again', async () => {
    const before = await layers(tag('worker'));
    const path = join(checkout, 'worker/main.ts');
    writeFileSync(path, `${readFileSync(path, 'utf8')}\nexport const changed = true;\n`);
    const startedAt = performance.now();
    await build('worker');
    const seconds = (performance.now() - startedAt) / 1000;
    const after = await layers(tag('worker'));
    console.log(`Built after a change of one line in ${seconds.toFixed(1)} s`);
    // The built worker, and package.json above it.
    expect(after.filter((layer) => !before.includes(layer)).length).toBeLessThanOrEqual(2);
    expect(seconds).toBeLessThan(30);
  });

  test('a new version in package.json sends no packages again', async () => {
    const before = await layers(tag('api'));
    for (const name of ['package.json', 'package-lock.json']) {
      const path = join(checkout, name);
      writeFileSync(
        path,
        readFileSync(path, 'utf8').replace(/"version": "[^"]+"/, '"version": "99.0.0"'),
      );
    }
    await build('api');
    const after = await layers(tag('api'));
    expect(after.filter((layer) => !before.includes(layer))).toHaveLength(1);
  });
});
