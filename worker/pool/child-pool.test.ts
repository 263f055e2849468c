import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pidOf, request, startPool } from '../../test/misbehaving-pool.ts';
import { until } from '../../test/until.ts';
import { ModelsUnusable } from './child.ts';
import { NoFreeChild } from './waiting-images.ts';

test('every image runs in a child of its own, and a child runs one after the other', async () => {
  const pool = await startPool(2);
  const outcomes = await Promise.all(
    ['a', 'b', 'c', 'd', 'e'].map((text) => pool.classify(request(text))),
  );
  expect(
    outcomes.map((outcome) => outcome.status === 'succeeded' && outcome.predictions[0]?.label),
  ).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(new Set(outcomes.map(pidOf)).size).toBe(2);
});

test('an image that crashes its child fails with a code, and its neighbours succeed', async () => {
  const pool = await startPool(2);
  const [crash, ...others] = await Promise.all(
    ['crash', 'a', 'b', 'c'].map((text) => pool.classify(request(text))),
  );
  expect(crash).toMatchObject({ status: 'failed', code: 'image_crashed' });
  expect(others.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
});

test('an image that crashes one child but not the next succeeds', async () => {
  const pool = await startPool(1);
  const file = join(mkdtempSync(join(tmpdir(), 'darkroom-')), 'crashed');
  await expect(pool.classify(request(`crash-once:${file}`))).resolves.toMatchObject({
    status: 'succeeded',
  });
});

test('counts the children that are started, that end, by reason, and that run', async () => {
  const pool = await startPool(2, { timeoutMs: 300 });
  await Promise.all(['crash', 'hang'].map((text) => pool.classify(request(text))));
  await until(
    async () =>
      (await pool.metrics.registry.getSingleMetricAsString('darkroom_children_running')).at(-1),
    (running) => running === '2',
  );
  const text = await pool.metrics.registry.metrics();
  expect(text).toContain('darkroom_children_started_total 6');
  expect(text).toContain('darkroom_children_ended_total{reason="crashed"} 2');
  expect(text).toContain('darkroom_children_ended_total{reason="timed_out"} 2');
  const { registry } = pool.metrics;
  await pool.close();
  expect(await registry.metrics()).toContain('darkroom_children_ended_total{reason="stopped"} 2');
});

test('an image whose children are killed from outside is tried more often', async () => {
  const pool = await startPool(1);
  const file = join(mkdtempSync(join(tmpdir(), 'darkroom-')), 'killed');
  await expect(pool.classify(request(`killed:${file}`))).resolves.toMatchObject({
    status: 'succeeded',
  });
});

test('an image that hangs is ended at JOB_TIMEOUT, and fails with a code', async () => {
  const pool = await startPool(1, { timeoutMs: 300 });
  await expect(pool.classify(request('hang'))).resolves.toMatchObject({
    status: 'failed',
    code: 'image_timed_out',
  });
});

test('an image that eats memory is ended at CHILD_MEMORY_LIMIT, and fails with a code', async () => {
  const pool = await startPool(1);
  await expect(pool.classify(request('eat'))).resolves.toMatchObject({
    status: 'failed',
    code: 'image_out_of_memory',
  });
});

test('an image that would have to wait behind one that hangs is left to another worker', async () => {
  const pool = await startPool(1, { timeoutMs: 2_000, patienceMs: 500 });
  const hanging = pool.classify(request('hang'));
  await expect(pool.classify(request('a'))).rejects.toThrow(NoFreeChild);
  await expect(hanging).resolves.toMatchObject({ code: 'image_timed_out' });
  const next = await until(
    () => pool.classify(request('b')).catch(() => undefined),
    (outcome) => outcome !== undefined,
  );
  expect(next?.status).toBe('succeeded');
});

test('the unexpected is thrown, and leaves the child at work', async () => {
  const pool = await startPool(1);
  const before = pidOf(await pool.classify(request('a')));
  await expect(pool.classify(request('throw'))).rejects.toThrow('the session failed');
  expect(pidOf(await pool.classify(request('b')))).toBe(before);
});

test('a child that dies while it is idle is replaced', async () => {
  const pool = await startPool(1);
  const before = pidOf(await pool.classify(request('a')));
  process.kill(before, 'SIGKILL');
  const after = await pool.classify(request('b'));
  expect(pidOf(after)).toBeGreaterThan(0);
  expect(pidOf(after)).not.toBe(before);
});

test('a child whose channel is closed is ended and replaced, and the image that it was given is tried again', async () => {
  const pool = await startPool(1);
  const before = pidOf(await pool.classify(request('hang-up')));
  const after = pidOf(await pool.classify(request('a')));
  expect(after).not.toBe(before);
  expect(() => process.kill(before, 0)).toThrow();
  await expect(pool.classify(request('b'))).resolves.toMatchObject({ status: 'succeeded' });
});

test('a child is replaced after CHILD_MAX_IMAGES, while others work and without a failure', async () => {
  const pool = await startPool(2, { maxImages: 5 });
  const pids = new Set<number>();
  let mostRunning = 0;
  const running = async () => {
    const text = await pool.metrics.registry.getSingleMetricAsString('darkroom_children_running');
    return Number(/(\d+)$/.exec(text)?.[1]);
  };
  const play = async () => {
    while (pids.size < 8) {
      const outcome = await pool.classify(request('a'));
      expect(outcome.status).toBe('succeeded');
      pids.add(pidOf(outcome));
      mostRunning = Math.max(mostRunning, await running());
    }
  };
  await Promise.all([play(), play()]);
  expect(mostRunning).toBeLessThanOrEqual(3);
  await until(running, (count) => count === 2);
  const text = await pool.metrics.registry.metrics();
  expect(Number(/reason="recycled"} (\d+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(6);
  expect(text).toContain('darkroom_children_ended_total{reason="crashed"} 0');
});

test('a child whose successor does not start works on', async () => {
  const startable = join(mkdtempSync(join(tmpdir(), 'darkroom-')), 'startable');
  writeFileSync(startable, '');
  const pool = await startPool(1, { maxImages: 1, modelsDir: `startable-while:${startable}` });
  rmSync(startable);
  const first = pidOf(await pool.classify(request('a')));
  for (let count = 0; count < 5; count += 1) {
    expect(pidOf(await pool.classify(request('a')))).toBe(first);
  }
  writeFileSync(startable, '');
  await until(
    async () => pidOf(await pool.classify(request('a'))),
    (pid) => pid !== first,
  );
});

test('a model that cannot work stops the start with its sentence', async () => {
  await expect(startPool(2, { modelsDir: 'unusable' })).rejects.toThrow(
    new ModelsUnusable('Expected labels.'),
  );
});

test('a child that is killed while the worker starts is started again, and not for ever', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-'));
  const pool = await startPool(1, { modelsDir: `second-start:${join(folder, 'started')}` });
  expect((await pool.classify(request('a'))).status).toBe('succeeded');
  await expect(
    startPool(1, { modelsDir: `startable-while:${join(folder, 'never')}` }),
  ).rejects.toThrow('A child could not be started.');
});

test('closing ends every child', async () => {
  const pool = await startPool(2);
  const pids = await Promise.all([pool.classify(request('a')), pool.classify(request('b'))]).then(
    (all) => all.map(pidOf),
  );
  await pool.close();
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});
