import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { type Supervised, supervise } from './supervise.ts';

const EX_CONFIG = 78;
const running: Supervised[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((supervised) => supervised.stop(0)));
});

/** Supervises `node -e script`, with a short backoff; `started` and `said` grow as it goes. */
function superviseScript(
  script: string,
  { command = process.execPath, forgottenAfterMs = 60_000 } = {},
) {
  const said: string[] = [];
  const started: ChildProcess[] = [];
  const supervised = supervise({
    name: 'It',
    say: (line) => said.push(line),
    isHopeless: ({ code }) => code === EX_CONFIG,
    backoff: { firstMs: 20, longestMs: 80, forgottenAfterMs },
    start: () => {
      const child = spawn(command, ['-e', script], {
        detached: true,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      started.push(child);
      return child;
    },
  });
  running.push(supervised);
  return { supervised, said, started };
}

async function firstOutput(child: ChildProcess | undefined): Promise<string> {
  if (!child?.stdout) throw new Error('Expected a child with its output piped.');
  const [chunk] = await once(child.stdout, 'data');
  return String(chunk);
}

test('starts a process again when it ends, later each time, and says why', async () => {
  const { said } = superviseScript('process.exit(3)');
  await expect.poll(() => said.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(4);
  expect(said.slice(0, 4)).toEqual(
    [0.02, 0.04, 0.08, 0.08].map(
      (seconds) => `It ended with exit code 3: starting it again in ${seconds} s.`,
    ),
  );
});

test('forgets the backoff after a healthy life', async () => {
  const { said } = superviseScript('process.exit(3)', { forgottenAfterMs: 0 });
  await expect.poll(() => said.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
  expect(said[1]).toContain('in 0.02 s');
});

test('starts a process again that was killed, and names the signal', async () => {
  const { said, started } = superviseScript('console.log("up"); setInterval(() => 0, 1000)');
  await firstOutput(started[0]);
  started[0]?.kill('SIGKILL');
  await expect.poll(() => started.length).toBe(2);
  expect(said).toEqual(['It ended with signal SIGKILL: starting it again in 0.02 s.']);
});

test('goes on trying a program that cannot be started', async () => {
  const { said } = superviseScript('', { command: 'darkroom-has-no-such-program' });
  await expect.poll(() => said.length).toBeGreaterThanOrEqual(2);
  expect(said[0]).toContain('ENOENT');
});

test('gives up on an exit that another start would not heal', async () => {
  const { supervised, started } = superviseScript(`process.exit(${EX_CONFIG})`);
  expect(await supervised.ended).toEqual({ code: EX_CONFIG, how: `exit code ${EX_CONFIG}` });
  expect(started).toHaveLength(1);
});

test('stop lets a process end by itself', async () => {
  const { supervised, said, started } = superviseScript(
    'process.on("SIGTERM", () => process.exit(0)); console.log("up"); setInterval(() => 0, 1000)',
  );
  await firstOutput(started[0]);
  await supervised.stop(10_000);
  expect(started[0]?.exitCode).toBe(0);
  expect(said).toEqual([]);
});

test('stop kills a process that does not end in time, with what it has started', async () => {
  const { supervised, started } = superviseScript(`
    const { spawn } = require('node:child_process');
    spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'inherit' });
    process.on('SIGTERM', () => undefined);
    console.log('up');
    setInterval(() => 0, 1000);
  `);
  const [child] = started;
  await firstOutput(child);
  await supervised.stop(50);
  expect(child?.signalCode).toBe('SIGKILL');
  // The output ends when the last process that holds it is gone.
  if (child?.stdout?.readable) await once(child.stdout, 'end');
});

test('stop ends the wait for the next start', async () => {
  const { supervised, said, started } = superviseScript('process.exit(1)');
  await expect.poll(() => said.length).toBeGreaterThanOrEqual(1);
  await supervised.stop(10_000);
  const startsUntilStop = started.length;
  await expect(supervised.ended).resolves.toBeUndefined();
  expect(started).toHaveLength(startsUntilStop);
});
