import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('V8 takes what it is told without a word', () => {
  const module = new URL('./compile-soon.ts', import.meta.url);
  const script = `(await import('${module}')).compileSoon()`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});
