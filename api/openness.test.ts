import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../shared/config.ts';
import { createKeyStore } from '../shared/key-store.ts';
import { createLogger } from '../shared/logger.ts';
import { createRedis } from '../shared/redis.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { until } from '../test/until.ts';
import { createKeyRing } from './key-ring.ts';
import { mayOpen, requireKeys, watchOpenness } from './openness.ts';

const loopback = { auth: 'auto', host: '127.0.0.1', publishedOn: undefined, apiKeys: [] } as const;
const everywhere = { ...loopback, host: '0.0.0.0', apiKeys: [] };

test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('may be open on %s', (host) => {
  expect(mayOpen({ ...loopback, apiKeys: [], host })).toBe(true);
});

test.each([
  '0.0.0.0',
  '::',
  '192.168.1.2',
  '10.0.0.1',
  'api',
  '',
  '1127.0.0.1',
  '127.0.0.1.nip.io',
])('may not be open on %j', (host) => {
  expect(mayOpen({ ...loopback, apiKeys: [], host })).toBe(false);
});

test('goes by the address that a container is published on, where it is told', () => {
  expect(mayOpen({ ...everywhere, publishedOn: '127.0.0.1' })).toBe(true);
  expect(mayOpen({ ...loopback, apiKeys: [], publishedOn: '0.0.0.0' })).toBe(false);
});

test('is never open with AUTH=keys', () => {
  expect(mayOpen({ ...loopback, apiKeys: [], auth: 'keys' })).toBe(false);
});

describe('at the start', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startRedis();
    redis = createRedis(server.url);
  });
  beforeEach(async () => {
    await until(
      async () => redis.status,
      (status) => status === 'ready',
    );
    await redis.flushall();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  const ringOf = (client: Redis, isOpen: boolean) =>
    createKeyRing({
      store: createKeyStore(client),
      configured: [],
      defaultRate: undefined,
      mayOpen: isOpen,
    });

  test('refuses an address that others reach while there is no key', async () => {
    const start = requireKeys(everywhere, redis, ringOf(redis, false));
    await expect(start).rejects.toThrow(ConfigError);
    await expect(start).rejects.toThrow(/loopback address for HOST .* received '0\.0\.0\.0'/);
    const published = { ...everywhere, publishedOn: '192.168.1.2' };
    await expect(requireKeys(published, redis, ringOf(redis, false))).rejects.toThrow(
      /for PUBLISHED_ON .* received '192\.168\.1\.2'/,
    );
  });

  test('takes such an address with a key, from the settings or from Redis, or with AUTH=keys', async () => {
    const ring = ringOf(redis, false);
    await requireKeys({ ...everywhere, apiKeys: [{ name: 'a', key: 'b' }] }, redis, ring);
    await requireKeys({ ...everywhere, auth: 'keys' }, redis, ring);
    await createKeyStore(redis).create('alice');
    await requireKeys(everywhere, redis, ringOf(redis, false));
  });

  test('waits for a Redis that comes after the API, and then refuses', async () => {
    const gone = await startRedis();
    await gone.stop();
    const { port } = gone;
    const early = createRedis(`redis://127.0.0.1:${port}`);
    const failures: Error[] = [];
    early.on('error', (error) => failures.push(error));
    const start = requireKeys(everywhere, early, ringOf(early, false));
    start.catch(() => undefined);
    await until(
      async () => failures.length,
      (count) => count > 1,
    );
    const late = await startRedis({ port });
    await expect(start).rejects.toThrow(ConfigError);
    early.disconnect();
    await late.stop();
  });

  test('says that it is open, and sees by itself that a key was made', async () => {
    const lines: string[] = [];
    const log = createLogger('test', 'silent');
    log.warn = (line: unknown) => lines.push(String(line));
    log.info = (line: unknown) => lines.push(String(line));
    const ring = ringOf(redis, true);
    const unwatch = watchOpenness(loopbackConfig(), ring, log);
    await until(
      async () => lines.length,
      (count) => count === 1,
    );
    expect(lines[0]).toMatch(/^open: /);
    await createKeyStore(redis).create('alice');
    await until(
      async () => lines.length,
      (count) => count === 2,
    );
    expect(lines[1]).toMatch(/^closed: /);
    await redis.flushall();
    expect(await ring.identify(undefined)).toBeUndefined();
    unwatch();
  });

  function loopbackConfig() {
    return { ...loopback, apiKeys: [] };
  }
});
