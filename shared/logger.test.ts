import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

/** The messages that a process has written after it ran this with a `log` of its own. */
function messagesOf(script: string): string[] {
  const { stdout } = spawnSync(process.execPath, argumentsOf(script), { encoding: 'utf8' });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line).msg);
}

function argumentsOf(script: string): string[] {
  const source = `import { createLogger } from './shared/logger.ts'; const log = createLogger('test', 'info'); ${script}`;
  return ['--import', 'tsx', '--input-type=module', '--eval', source];
}

test('loses no line of a process that exits, and keeps their order', () => {
  const numbers = Array.from({ length: 1_000 }, (_, index) => `${index}`);
  expect(
    messagesOf('for (let i = 0; i < 1_000; i += 1) log.info(String(i)); process.exit(0);'),
  ).toEqual(numbers);
});

test('loses no line of a process that throws', () => {
  expect(messagesOf("log.info('before'); throw new Error('unexpected');")).toEqual(['before']);
});

test('writes a warning at once, and what was said before it', () => {
  const script = "log.info('before'); log.warn('bad'); process.kill(process.pid, 'SIGKILL');";
  expect(messagesOf(script)).toEqual(['before', 'bad']);
});

test('writes what waits while the process goes on', async () => {
  const child = spawn(
    process.execPath,
    argumentsOf("log.info('alone'); setInterval(() => 0, 1_000);"),
  );
  const [line] = await once(child.stdout, 'data');
  child.kill();
  expect(JSON.parse(String(line)).msg).toBe('alone');
});
