import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { startRedis } from '../test/redis-server.ts';
import { startOwnRedis } from './own-redis.ts';

const releasers: (() => unknown)[] = [];

afterEach(async () => {
  for (const release of releasers.splice(0).reverse()) await release();
});

function dataFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'darkroom-own-redis-'));
  releasers.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function start(dir: string) {
  const said: string[] = [];
  const { signal } = new AbortController();
  const { url, server } = await startOwnRedis({ dir, say: (line) => said.push(line), signal });
  releasers.push(() => server.stop(5_000));
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => undefined);
  releasers.push(() => client.disconnect());
  return { url, server, client, said };
}

const pidIn = (dir: string): number =>
  JSON.parse(readFileSync(join(dir, 'running.json'), 'utf8')).pid;

test('finds its data again after it was stopped', async () => {
  const dir = dataFolder();
  const first = await start(dir);
  await first.client.set('kept', 'yes');
  await first.server.stop(5_000);
  const second = await start(dir);
  expect(await second.client.get('kept')).toBe('yes');
});

test('comes back on the same port, with its data, when it was killed', async () => {
  const dir = dataFolder();
  const { client, said } = await start(dir);
  await client.set('kept', 'yes');
  process.kill(pidIn(dir), 'SIGKILL');
  await expect
    .poll(() => said)
    .toEqual(['Redis ended with signal SIGKILL: starting it again in 0.5 s.']);
  expect(await client.get('kept')).toBe('yes');
});

test('refuses to evict, writes what it is told within a second, and listens on loopback only', async () => {
  const { client } = await start(dataFolder());
  const names = ['maxmemory-policy', 'appendonly', 'appendfsync', 'rdbcompression', 'bind'];
  const answers = await Promise.all(names.map((name) => client.config('GET', name)));
  expect(answers).toEqual([
    ['maxmemory-policy', 'noeviction'],
    ['appendonly', 'yes'],
    ['appendfsync', 'everysec'],
    ['rdbcompression', 'no'],
    ['bind', '127.0.0.1'],
  ]);
});

test('ends the Redis that an earlier start left on its data, and finds that data', async () => {
  const dir = dataFolder();
  const leftover = await startRedis({ dir, args: ['--appendonly', 'yes'] });
  releasers.push(leftover.stop);
  const client = new Redis(leftover.url);
  await client.set('kept', 'yes');
  await client.quit();
  const pid = leftover.process.pid;
  writeFileSync(join(dir, 'running.json'), JSON.stringify({ pid, port: leftover.port }));

  const { client: next, said } = await start(dir);
  expect(said).toEqual([`Ending the Redis (process ${pid}) that an earlier start left running.`]);
  expect(await next.get('kept')).toBe('yes');
});

test('leaves alone a Redis that works on another folder', async () => {
  const dir = dataFolder();
  const other = await startRedis();
  releasers.push(other.stop);
  const note = { pid: other.process.pid, port: other.port };
  writeFileSync(join(dir, 'running.json'), JSON.stringify(note));

  const { said } = await start(dir);
  expect(said).toEqual([]);
  expect(other.process.exitCode).toBeNull();
});

test('says why where it cannot start', async () => {
  const dir = dataFolder();
  writeFileSync(join(dir, 'appendonlydir'), 'no folder');
  await expect(start(dir)).rejects.toThrow(/Redis ended with exit code 1 before it answered/);
});
