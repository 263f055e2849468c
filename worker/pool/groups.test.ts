import { expect, test } from 'vitest';
import type { Outcome } from '../../shared/outcome.ts';
import { pidOf, request, startPool } from '../../test/misbehaving-pool.ts';
import { until } from '../../test/until.ts';

/** Which group of its child an image was in: a text that the misbehaving child gives. */
function groupOf(outcome: Outcome): string {
  const index = outcome.status === 'succeeded' ? outcome.predictions[0]?.index : undefined;
  return `${pidOf(outcome)}/${index}`;
}

/** How many images each group had, in the order of the first of each. */
function groupSizes(outcomes: Outcome[]): number[] {
  const sizes = new Map<string, number>();
  for (const group of outcomes.map(groupOf)) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return [...sizes.values()];
}

test('images that wait are given to a child four at once, when it is known that they take little time', async () => {
  const pool = await startPool(1);
  const classifyAll = (texts: string) =>
    Promise.all([...texts].map((text) => pool.classify(request(text))));
  expect(pool.groupSize()).toBe(1);
  await classifyAll('a');
  expect(pool.groupSize()).toBe(4);
  const outcomes = await classifyAll('abcdefghij');
  expect(groupSizes(outcomes)).toEqual([1, 4, 4, 1]);
  expect(
    outcomes.map((outcome) => outcome.status === 'succeeded' && outcome.predictions[0]?.label),
  ).toEqual([...'abcdefghij']);
});

test('images of a model that takes its time wait for no others', async () => {
  const pool = await startPool(1);
  await pool.classify(request('slow'));
  expect(pool.groupSize()).toBe(1);
  const outcomes = await Promise.all(['slow', 'a'].map((text) => pool.classify(request(text))));
  expect(groupSizes(outcomes)).toEqual([1, 1]);
});

test('a group is of one model', async () => {
  const pool = await startPool(1);
  for (const model of ['m', 'n']) await pool.classify({ ...request('a'), model });
  const models = ['m', 'm', 'n', 'm', 'n', 'n'];
  const outcomes = await Promise.all(
    models.map((model) => pool.classify({ ...request('a'), model })),
  );
  const [, ...groups] = outcomes.map(groupOf);
  expect(groupSizes(outcomes)).toEqual([1, 2, 3]);
  expect(new Set([groups[0], groups[2]]).size).toBe(1);
  expect(new Set([groups[1], groups[3], groups[4]]).size).toBe(1);
});

test('an image of a single job waits for none of a batch that waits, and with none', async () => {
  const pool = await startPool(1);
  await pool.classify(request('a'));
  const kinds = ['single', 'batch', 'batch', 'single', 'batch', 'single'];
  const ended: string[] = [];
  const outcomes = await Promise.all(
    kinds.map((kind) =>
      pool
        .classify(request('a'), { isOfBatch: kind === 'batch' })
        .finally(() => void ended.push(kind)),
    ),
  );
  expect(ended).toEqual(['single', 'single', 'single', 'batch', 'batch', 'batch']);
  expect(groupSizes(outcomes)).toEqual([1, 3, 2]);
});

for (const [fault, code, lost] of [
  ['crash', 'image_crashed', 2],
  ['hang', 'image_timed_out', 3],
  ['eat', 'image_out_of_memory', 2],
] as const) {
  test(`an image with which its child does ${fault} fails alone, and those of its group succeed`, async () => {
    const pool = await startPool(1, { timeoutMs: 1_000 });
    await pool.classify(request('a'));
    const outcomes = await Promise.all(
      ['a', 'b', fault, 'c', 'd'].map((text) => pool.classify(request(text))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...['succeeded', 'succeeded', 'failed', 'succeeded', 'succeeded'],
    ]);
    expect(outcomes[2]).toMatchObject({ code });
    await until(
      async () =>
        (await pool.metrics.registry.getSingleMetricAsString('darkroom_children_running')).at(-1),
      (running) => running === '1',
    );
    expect(await pool.metrics.registry.metrics()).toContain(
      `darkroom_children_started_total ${1 + lost}`,
    );
  });
}

test('an image that throws is thrown alone, and those of its group succeed', async () => {
  const pool = await startPool(1);
  await pool.classify(request('a'));
  const settled = await Promise.allSettled(
    ['a', 'b', 'throw', 'c'].map((text) => pool.classify(request(text))),
  );
  expect(settled.map(({ status }) => status)).toEqual([
    ...['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  ]);
});
