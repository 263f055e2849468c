import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { listenOnce } from './listen-once.ts';

const LONGEST_START = { timeout: 20_000 };
let checkout: string;
const started: ChildProcess[] = [];

beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), 'darkroom-start-'));
  const parts = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
  for (const part of [...parts, 'start', 'shared', 'api', 'worker']) {
    cpSync(part, join(checkout, part), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'));
  for (const service of ['api', 'worker']) {
    cpSync(`start/stand-ins/${service}.mjs`, join(checkout, service, 'main.ts'));
  }
});

afterEach(async () => {
  for (const npm of started.splice(0)) {
    if (npm.exitCode !== null || npm.signalCode !== null) continue;
    npm.kill('SIGTERM');
    await once(npm, 'exit');
  }
  try {
    await expect.poll(supervisorPid, { timeout: 12_000 }).toBeUndefined();
  } finally {
    for (const pid of [supervisorPid(), redisPid()]) end(pid);
  }
});

afterAll(() => rmSync(checkout, { recursive: true, force: true }));

function end(pid: number | undefined): void {
  try {
    if (pid) process.kill(pid, 'SIGTERM');
  } catch {
    // It has ended meanwhile.
  }
}

/** Runs `npm start` in a checkout of its own, as the leader of a group as a terminal would have it. */
async function npmStart(env: NodeJS.ProcessEnv = {}) {
  const port = await listenOnce('127.0.0.1', 0);
  const npm = spawn('npm', ['start'], {
    cwd: checkout,
    env: { ...process.env, REDIS_URL: '', HOST: '', PORT: `${port}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  started.push(npm);
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const ask = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    return (await answer?.json()) as { api: number; workers: number[]; jobs: string } | undefined;
  };
  return { npm, port, output: () => output, ask, ended: once(npm, 'close') };
}

async function serving(env?: NodeJS.ProcessEnv) {
  const run = await npmStart(env);
  await expect
    .poll(run.output, LONGEST_START)
    .toContain(`Darkroom serves on http://localhost:${run.port}`);
  return run;
}

const supervisorPid = () => pidIn('data/npm-start.lock', /^(\d+)/);
const redisPid = () => pidIn('data/redis/running.json', /"pid":(\d+)/);

/** The pid in a file that is there while its process is. */
function pidIn(file: string, pattern: RegExp): number | undefined {
  const path = join(checkout, file);
  const [, pid] = (existsSync(path) && pattern.exec(readFileSync(path, 'utf8'))) || [];
  return pid ? Number(pid) : undefined;
}

test('starts again what dies, says so, and ends in order when npm is told to', async () => {
  const { npm, ask, output, ended } = await serving();
  const first = await ask();
  for (const pid of [first?.api, first?.workers[0], redisPid()])
    process.kill(Number(pid), 'SIGKILL');
  for (const name of ['The API', 'The worker', 'Redis']) {
    await expect.poll(output).toContain(`${name} ended with signal SIGKILL: starting it again`);
  }
  await expect.poll(async () => (await ask())?.workers, LONGEST_START).toHaveLength(1);
  expect((await ask())?.workers).not.toEqual(first?.workers);
  expect((await ask())?.api).not.toBe(first?.api);
  npm.kill('SIGTERM');
  await ended;
  await expect.poll(supervisorPid, { timeout: 10_000 }).toBeUndefined();
});

test('one Ctrl-C lets the open job end and loses nothing', async () => {
  const { npm, ask, ended } = await serving();
  const before = Number((await ask())?.jobs ?? 0);
  process.kill(-Number(npm.pid), 'SIGINT');
  await ended;
  expect(await serving().then(({ ask }) => ask())).toMatchObject({ jobs: `${before + 1}` });
});

test('a second start in one checkout says that one is running', async () => {
  await serving();
  const { npm, output, ended } = await npmStart();
  await ended;
  expect(npm.exitCode).toBe(1);
  expect(output()).toContain(`running already in this checkout (process ${supervisorPid()})`);
});

test('ends when npm is killed', async () => {
  const { npm } = await serving();
  npm.kill('SIGKILL');
  await expect.poll(supervisorPid, { timeout: 10_000 }).toBeUndefined();
});

test('a start after a kill ends the Redis that was left, and finds its data', async () => {
  const { ask, ended } = await serving();
  const before = Number((await ask())?.jobs ?? 0);
  const leftover = redisPid();
  process.kill(Number(supervisorPid()), 'SIGKILL');
  await ended;
  const { ask: askAgain, output } = await serving();
  expect(output()).toContain(`Ending the Redis (process ${leftover})`);
  expect(Number((await askAgain())?.jobs)).toBeGreaterThanOrEqual(before);
});

test('a wrong setting stops the start with the line that names it', async () => {
  const { npm, output, ended } = await npmStart({ PORT: 'three' });
  await ended;
  expect(npm.exitCode).toBe(1);
  expect(output()).toContain("for PORT but received 'three'.");
  expect(output()).not.toContain('    at ');
});

test('a worker that no restart will heal ends everything', async () => {
  const { npm, output, ended } = await npmStart({ STAND_IN_EXIT_CODE: '78' });
  await ended;
  expect(npm.exitCode).toBe(1);
  expect(output()).toContain('The worker ended with exit code 78');
});
