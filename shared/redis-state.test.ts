import { afterEach, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { until } from '../test/until.ts';
import { createRedis } from './redis.ts';
import { createRedisProbe } from './redis-state.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(args: string[] = []) {
  const server = await startRedis({ args });
  const redis = createRedis(server.url);
  redis.on('error', () => undefined);
  closing.push(server.stop, () => redis.disconnect());
  const probe = createRedisProbe(redis);
  await until(probe, (state) => state !== 'unreachable');
  return { server, redis, probe };
}

const signal = (server: TestRedis, name: NodeJS.Signals) => server.process.kill(name);

test('leaves nothing in a Redis that can be used', async () => {
  const { redis, probe } = await start();
  expect(await probe()).toBe('ok');
  expect(await redis.dbsize()).toBe(0);
});

test('tells a full Redis, and one that is a replica, from one that can be used', async () => {
  const { redis, probe } = await start();
  await redis.config('SET', 'maxmemory', '1kb');
  expect(await probe()).toBe('out_of_memory');
  await redis.config('SET', 'maxmemory', '0');
  await redis.replicaof('127.0.0.1', 1);
  expect(await probe()).toBe('refusing');
  await redis.replicaof('NO', 'ONE');
  expect(await probe()).toBe('ok');
});

test('tells one that does not answer, before a command fails and with one question, and one that is gone', async () => {
  const { server, redis, probe } = await start();
  signal(server, 'SIGSTOP');
  const command = redis.ping().catch(() => 'timed out');
  const states = Promise.all(Array.from({ length: 50 }, probe));
  expect(new Set(await Promise.race([states, command]))).toEqual(new Set(['silent']));
  signal(server, 'SIGCONT');
  await until(probe, (state) => state === 'ok');
  expect(await redis.info('commandstats')).toMatch(/cmdstat_setrange:calls=[23],/);
  await server.stop();
  expect(await until(probe, (state) => state !== 'silent')).toBe('unreachable');
});

test('tells one that is still loading', async () => {
  const { server, redis, probe } = await start([
    ...['--enable-debug-command', 'yes', '--loading-process-events-interval-bytes', '1024'],
    // Microseconds for each key.
    ...['--key-load-delay', '1000'],
  ]);
  const pipeline = redis.pipeline();
  for (let key = 0; key < 2_000; key += 1) pipeline.set(`key:${key}`, 'x'.repeat(2_000));
  await pipeline.exec();
  // Loads what it has just saved, on this connection and while it answers.
  const loading = redis.call('DEBUG', 'RELOAD').catch(() => undefined);
  const other = createRedis(server.url);
  other.on('error', () => undefined);
  closing.push(() => other.disconnect());
  await until(createRedisProbe(other), (state) => state === 'loading');
  await loading;
  await until(probe, (state) => state === 'ok');
});
