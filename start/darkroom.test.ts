import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../test/redis-server.ts';

let checkout: string;
let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
  checkout = mkdtempSync(join(tmpdir(), 'darkroom-command-'));
  const parts = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
  for (const part of [...parts, 'start', 'shared', 'cli', 'api', 'worker']) {
    cpSync(part, join(checkout, part), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'));
});

beforeEach(() => rmSync(join(checkout, 'data'), { recursive: true, force: true }));

afterAll(async () => {
  rmSync(checkout, { recursive: true, force: true });
  await redis.stop();
});

/** Writes what npm start notes of its Redis. */
function noteRedis(port: number): void {
  mkdirSync(join(checkout, 'data/redis'), { recursive: true });
  writeFileSync(join(checkout, 'data/redis/running.json'), JSON.stringify({ pid: 1, port }));
}

/** Runs the command from another folder, as npm run does not, so that its own folder must not matter. */
function darkroom(args: string[], env: Record<string, string> = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    const options = { cwd: tmpdir(), env: { ...process.env, REDIS_URL: '', ...env } };
    const script = join(checkout, 'start/darkroom.mjs');
    execFile(process.execPath, [script, ...args], options, (error, stdout, stderr) => {
      done({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

test('makes a key in the Redis of the npm start of its checkout, and says nothing else on stdout', async () => {
  noteRedis(redis.port);
  const first = await darkroom(['keys', 'create', 'alice']);
  expect(first.stderr).toContain('Building dist.');
  expect(first.stdout).toMatch(/^dk_[\w-]{43}\n$/);
  const second = await darkroom(['keys', 'list']);
  expect(second.stderr).toBe('');
  expect(second.stdout).toMatch(/^alice /m);
});

test('takes REDIS_URL where it is set', async () => {
  const { code, stdout } = await darkroom(['keys', 'create', 'bob'], { REDIS_URL: redis.url });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^dk_/);
});

test('says in one line that no Darkroom is running, before it sets anything up', async () => {
  const never = await darkroom(['keys', 'list']);
  expect(never.code).toBe(2);
  expect(never.stderr).toMatch(/^No Darkroom is running in this checkout\. .*\n$/);
  noteRedis(1);
  const killed = await darkroom(['keys', 'list']);
  expect(killed.code).toBe(2);
  expect(killed.stderr).toMatch(/^Expected a Redis that answers .* Is Darkroom running\?\n$/);
});
