import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { availableCores } from './available-cores.ts';

const machine = availableParallelism();

const readFrom = (files: Record<string, string>) => (file: string) => {
  const text = files[file];
  if (text === undefined) throw new Error('ENOENT');
  return text;
};

test.each([
  ['150000', Math.min(2, machine)],
  ['50000', 1],
  ['100000000', machine],
])('a quota of %s in 100000 is rounded up, within the cores of the machine', (quota, cores) => {
  const version2 = { 'cpu.max': `${quota} 100000\n` };
  const version1 = { 'cpu/cpu.cfs_quota_us': `${quota}\n`, 'cpu/cpu.cfs_period_us': '100000\n' };
  expect(availableCores(readFrom(version2))).toBe(cores);
  expect(availableCores(readFrom(version1))).toBe(cores);
});

test.each([
  ['version 2', { 'cpu.max': 'max 100000\n' }],
  ['version 1', { 'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n' }],
  ['no control group', {}],
])('without a quota the cores of the machine are used: %s', (_version, files) => {
  expect(availableCores(readFrom(files))).toBe(machine);
});
