import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { until } from '../until.ts';
import { createDeployment } from './deployment.ts';
import { createJobs } from './jobs.ts';
import { readPictures } from './pictures.ts';

describe.skipIf(!inject('hasEngine'))('settings in .env', () => {
  test.each([
    ['api', { LOG_LEVEL: 'loud' }, /for LOG_LEVEL but received 'loud'/],
    ['api', { BIND: '0.0.0.0' }, /for PUBLISHED_ON while there is no API key .*'0\.0\.0\.0'/],
    ['worker', { JOB_TIMEOUT: 'soon' }, /for JOB_TIMEOUT but received 'soon'/],
    ['worker', { DEFAULT_MODEL: 'no-such' }, /for DEFAULT_MODEL but received 'no-such'/],
  ])('a wrong one stops the %s with a last line that names it: %o', expectRefusal);

  test('models that the worker’s user cannot read stop it with a last line that says so', async () => {
    const models = mkdtempSync(join(tmpdir(), 'darkroom-models-'));
    chmodSync(models, 0);
    await expectRefusal('worker', { MODELS_DIR: models }, /can be read for the folder .*'EACCES'/);
    rmSync(models, { recursive: true });
  });

  test('with a password Redis lets in none but ours, and an own model is used from its folder', async () => {
    const models = mkdtempSync(join(tmpdir(), 'darkroom-models-'));
    cpSync('models/efficientnet-lite0-int8', join(models, 'our-own'), { recursive: true });
    chmodSync(models, 0o755);
    await using deployment = await createDeployment({
      env: { REDIS_PASSWORD: 'a0b1c2d3', MODELS_DIR: models, DEFAULT_MODEL: 'our-own' },
    });
    await deployment.up(1);
    const jobs = createJobs(deployment.url);
    const [image = Buffer.of()] = readPictures(1);
    const [job] = await jobs.awaitAll([(await jobs.submit(image)).id]);
    expect(job).toMatchObject({ status: 'succeeded', model: 'our-own' });

    const ping = (script: string) => deployment.compose('exec', '-T', 'redis', 'sh', '-c', script);
    expect(await ping('redis-cli ping')).toBe('PONG');
    expect(await ping('unset REDISCLI_AUTH; redis-cli ping')).toMatch(/^NOAUTH/);
    rmSync(models, { recursive: true });
  });
});

async function expectRefusal(
  service: string,
  env: Record<string, string>,
  sentence: RegExp,
): Promise<void> {
  await using deployment = await createDeployment({ env });
  await deployment.compose('up', '-d', '--build');
  const lastLine = () => deployment.compose('logs', '--no-color', '--tail=1', service);
  expect(await until(lastLine, (line) => sentence.test(line), 60_000)).toMatch(sentence);
  const [{ State }] = await until(
    () => deployment.inspect(service),
    ([{ State: now }]) => now.ExitCode !== 0,
    60_000,
  );
  expect(State.ExitCode).toBe(78);
}
