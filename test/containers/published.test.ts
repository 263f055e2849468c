import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { listenOnce } from '../../start/listen-once.ts';
import { until } from '../until.ts';
import { createDeployment } from './deployment.ts';
import { readDocsCommands } from './docs-commands.ts';
import { createJobs } from './jobs.ts';
import { readPictures } from './pictures.ts';
import { docker, run } from './run.ts';

const TAG = '1.2.3';

describe.skipIf(!inject('hasEngine'))('published images', () => {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-registry-'));
  let registry: string;
  let server: ChildProcess;
  const image = (name: string) => `${registry}/darkroom-${name}:${TAG}`;
  const [picture = Buffer.of()] = readPictures(1);

  beforeAll(async () => {
    const port = await listenOnce('127.0.0.1', 0);
    registry = `127.0.0.1:${port}`;
    const config = join(folder, 'registry.yml');
    writeFileSync(
      config,
      `{version: 0.1, log: {level: error}, storage: {filesystem: {rootdirectory: ${folder}/data}}, http: {addr: ${registry}}}`,
    );
    server = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
    await Promise.race([
      once(server, 'error').then(([error]) => Promise.reject(error)),
      until(() => fetch(`http://${registry}/v2/`).then(isOk, () => false), Boolean),
    ]);
    await run('npm', ['run', 'images', '--', '--tag', TAG, '--push', `${registry}/`]);
    await removeImages();
  });
  afterAll(async () => {
    await removeImages();
    server.kill();
    rmSync(folder, { recursive: true });
  });
  const removeImages = () => docker('image', 'rm', '--force', image('api'), image('worker'));

  test('API and worker share the layers of Node and of the packages', async () => {
    const [api, worker] = [await readLayers('api'), await readLayers('worker')];
    const shared = api.filter(({ digest }) => worker.some((other) => other.digest === digest));
    console.log(
      `Compressed: ${say('shared', shared)}; ${say('API', api)}; ${say('worker', worker)}`,
    );
    const own = sum(api) - sum(shared);
    expect(own).toBeLessThan(1_000_000);
  });

  test('compose.images.yaml alone pulls and runs them', async () => {
    cpSync('compose.images.yaml', join(folder, 'compose.images.yaml'));
    await using deployment = await createDeployment({
      file: 'compose.images.yaml',
      cwd: folder,
      env: { DARKROOM_REGISTRY: registry, DARKROOM_VERSION: TAG },
    });
    await deployment.up(2);
    const jobs = createJobs(deployment.url);
    const [job] = await jobs.awaitAll([(await jobs.submit(picture)).id]);
    expect(job).toMatchObject({ status: 'succeeded' });
    const [{ Config }] = await deployment.inspect('worker');
    expect(Config.Labels).toMatchObject({
      'org.opencontainers.image.version': TAG,
      'org.opencontainers.image.revision': await run('git', ['rev-parse', 'HEAD']),
    });
  });

  test('the docker run lines of the docs run them, with a key and an own model', async () => {
    const port = await listenOnce('127.0.0.1', 0);
    writeFileSync(join(folder, '.env'), 'API_KEYS=test:a-key-for-the-test\n');
    cpSync('models/efficientnet-lite0-int8', join(folder, 'my-model'), { recursive: true });
    chmodSync(folder, 0o755);
    const [commands = ''] = readDocsCommands('Without Compose');
    // Names that do not meet those of a Darkroom that runs on this machine.
    const name = `darkroom-test-${port}`;
    const ours = commands
      .replaceAll('ghcr.io/you/darkroom', `${registry}/DARKROOM`)
      .replaceAll('darkroom', name)
      .replaceAll('DARKROOM', 'darkroom')
      .replace('-p 3000:', `-p ${port}:`);
    try {
      await run('sh', ['-euc', ours], { cwd: folder });
      const url = `http://127.0.0.1:${port}`;
      const jobs = createJobs(url, 'a-key-for-the-test');
      const signal = () => AbortSignal.timeout(1_000);
      await until(
        () => fetch(`${url}/v1/models`, { signal: signal() }).then(text, () => ''),
        (models) => models.includes('my-model'),
        60_000,
      );
      const { id } = await jobs.submit(picture, '?model=my-model');
      expect(await jobs.read(id, 60)).toMatchObject({ status: 'succeeded', model: 'my-model' });
      await expect(createJobs(url).submit(picture)).rejects.toThrow(/answered 401/);
    } finally {
      const containers = await docker('ps', '-aq', '--filter', `name=${name}`);
      await docker('rm', '--force', '--volumes', ...containers.split('\n'));
      await docker('network', 'rm', name);
      await docker('volume', 'rm', `${name}-redis`);
    }
  });

  interface Layer {
    digest: string;
    size: number;
  }

  async function readLayers(name: string): Promise<Layer[]> {
    const answer = await fetch(`http://${registry}/v2/darkroom-${name}/manifests/${TAG}`, {
      headers: { Accept: 'application/vnd.docker.distribution.manifest.v2+json' },
    });
    const { layers } = (await answer.json()) as { layers: Layer[] };
    return layers;
  }

  const sum = (layers: Layer[]) => layers.reduce((total, { size }) => total + size, 0);
  const say = (what: string, layers: Layer[]) =>
    `${what} ${layers.length} layers, ${(sum(layers) / 1e6).toFixed(1)} MB`;
  const isOk = ({ ok }: Response) => ok;
  const text = (answer: Response) => answer.text();
});
