import { expect, it } from 'vitest';
import { JobOptions } from '../../shared/job-options.ts';
import { isModelName } from './model-name.ts';

it.each([
  ...['a', 'resnet-50', 'ResNet_50.v2', '0', 'a'.repeat(100), 'a'.repeat(101), ''],
  ...['-a', '.a', '_a', 'a b', 'a/b', 'a\n', 'é', 'a:b', 'a+b'],
])('takes %j as the name of a folder where a job may name it', (name) => {
  expect(isModelName(name)).toBe(JobOptions.safeParse({ model: name }).success);
});
