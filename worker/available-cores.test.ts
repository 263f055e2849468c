import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { availableCores } from './available-cores.ts';

test.each([
  ['150000 100000\n', Math.min(2, availableParallelism())],
  ['50000 100000\n', 1],
  ['max 100000\n', availableParallelism()],
  ['100000000 100000\n', availableParallelism()],
])('a quota of %j is rounded up, within the cores of the machine', (cpuMax, cores) => {
  expect(availableCores(() => cpuMax)).toBe(cores);
});

test('without a control group the cores of the machine are used', () => {
  const missing = () => {
    throw new Error('ENOENT');
  };
  expect(availableCores(missing)).toBe(availableParallelism());
});
