import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createKeyStore, type KeyStore } from '../shared/key-store.ts';
import { createPatientRedis } from '../shared/redis.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { until } from '../test/until.ts';
import { createKeyRing, type KeyRingOptions } from './key-ring.ts';

let server: TestRedis;
let redis: Redis;
let store: KeyStore;

beforeAll(async () => {
  server = await startRedis();
  redis = createPatientRedis(server.url);
  store = createKeyStore(redis);
});

beforeEach(() => redis.flushall());

afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const ring = (options: Partial<KeyRingOptions> = {}) =>
  createKeyRing({ store, configured: [], defaultRate: undefined, mayOpen: true, ...options });

async function create(name: string, rate?: string): Promise<string> {
  const secret = await store.create(name, rate);
  if (!secret) throw new Error(`There is a key ${name} already.`);
  return secret;
}

const isRefused = (caller: unknown) => caller === undefined;
const aSecond = 1_000;

test('knows a key of the settings by its name, and lets it in while Redis is away', async () => {
  const keys = ring({
    configured: [{ name: 'alice', key: 's3cret' }],
    store: { list: () => Promise.reject(new Error('away')), version: () => Promise.reject() },
  });
  expect(await keys.identify('s3cret')).toEqual({
    owner: 'alice',
    rate: undefined,
    isOperator: false,
  });
});

test('gives a key of Redis another owner than a key of the settings with its name', async () => {
  const secret = await create('alice');
  const keys = ring({ configured: [{ name: 'alice', key: 's3cret' }] });
  const [a, b] = [await keys.identify('s3cret'), await keys.identify(secret)];
  expect(a).toMatchObject({ owner: 'alice' });
  expect(b).toMatchObject({ owner: expect.stringMatching(/^key_/) });
});

test('knows which keys are those of operators, of the settings and of Redis alike', async () => {
  const [ops, alice] = [await store.create('ops', undefined, true), await create('alice')];
  const keys = ring({
    configured: [
      { name: 'bob', key: 'b' },
      { name: 'root', key: 'r', isOperator: true },
    ],
  });
  expect(await keys.identify('b')).toMatchObject({ isOperator: false });
  expect(await keys.identify('r')).toMatchObject({ owner: 'root', isOperator: true });
  expect(await keys.identify(alice)).toMatchObject({ isOperator: false });
  expect(await keys.identify(ops)).toMatchObject({ isOperator: true });
  const rotated = await store.rotate('ops');
  await until(
    () => keys.identify(rotated),
    (caller) => caller !== undefined,
  );
  expect(await keys.identify(rotated)).toMatchObject({ isOperator: true });
});

test('gives a key its own rate, and the others RATE_LIMIT', async () => {
  const defaultRate = { count: 5, windowSeconds: 60 };
  const [own, other] = [await create('own', '2/s'), await create('other')];
  const keys = ring({ defaultRate, configured: [{ name: 'set', key: 's3cret' }] });
  expect(await keys.identify(own)).toMatchObject({ rate: { count: 2, windowSeconds: 1 } });
  expect(await keys.identify(other)).toMatchObject({ rate: defaultRate });
  expect(await keys.identify('s3cret')).toMatchObject({ rate: defaultRate });
});

test.each(['', 'x', 's3cre', 's3cret2', 'S3CRET', 'dk_', '__proto__', 'é'])(
  'refuses %j where the key is another',
  async (wrong) => {
    const keys = ring({ configured: [{ name: 'alice', key: 's3cret' }] });
    expect(await keys.identify(wrong)).toBeUndefined();
    expect(await keys.identify(undefined)).toBeUndefined();
  },
);

test('does not take the hash of a key for the key', async () => {
  await create('alice');
  const [key] = await store.list();
  expect(await ring().identify(key?.hash)).toBeUndefined();
});

test('sees a new, a rotated and a revoked key within a second', async () => {
  const keys = ring();
  expect(await keys.identify(undefined)).toBe('open');
  const first = await create('alice');
  const known = await until(
    () => keys.identify(first),
    (caller) => caller !== 'open' && caller !== undefined,
    aSecond,
  );
  const second = (await store.rotate('alice')) ?? '';
  await until(() => keys.identify(first), isRefused, aSecond);
  expect(await keys.identify(second)).toEqual(known);
  await store.revoke('alice');
  await until(() => keys.identify(second), isRefused, aSecond);
});

describe('never opens again', () => {
  test('when the last key is revoked, nor after a restart', async () => {
    const secret = await create('alice');
    const keys = ring();
    await keys.identify(secret);
    await store.revoke('alice');
    await until(() => keys.identify(secret), isRefused, aSecond);
    expect(await keys.identify(undefined)).toBeUndefined();
    expect(await ring().identify(undefined)).toBeUndefined();
    expect(await ring().hasKeys()).toBe(true);
  });

  test('when a key came and went before this process was asked', async () => {
    const idle = ring();
    await create('alice');
    await store.revoke('alice');
    expect(await idle.identify(undefined)).toBeUndefined();
  });

  test('when Redis is emptied, and then knows only what is made after that', async () => {
    const old = await create('alice');
    const keys = ring();
    await keys.identify(old);
    await redis.flushall();
    await until(() => keys.identify(old), isRefused, aSecond);
    const fresh = await create('bob');
    await until(
      () => keys.identify(fresh),
      (caller) => caller !== undefined,
      aSecond,
    );
    expect(await keys.identify(old)).toBeUndefined();
    expect(await keys.identify(undefined)).toBeUndefined();
  });

  test('when Redis is emptied and filled again between two calls', async () => {
    const old = await create('alice');
    const keys = ring();
    await keys.identify(old);
    await redis.flushall();
    await create('bob');
    await until(() => keys.identify(old), isRefused, aSecond);
  });

  test('when Redis cannot be asked', async () => {
    const away = () => Promise.reject(new Error('away'));
    const keys = ring({ store: { list: away, version: away } });
    await expect(keys.identify(undefined)).rejects.toThrow('away');
    await expect(keys.identify('x')).rejects.toThrow('away');
  });

  test('where it may not be open, with or without keys', async () => {
    expect(await ring({ mayOpen: false }).identify(undefined)).toBeUndefined();
  });
});
