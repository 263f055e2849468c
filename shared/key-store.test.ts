import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { createKeyStore, hashKey, type KeyStore } from './key-store.ts';
import { createPatientRedis } from './redis.ts';

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

test('makes a key of 256 random bits and keeps nothing of it but its hash', async () => {
  const secret = await store.create('alice', '60/min');
  expect(secret).toMatch(/^dk_[\w-]{43}$/);
  const [key] = await store.list();
  expect(key).toMatchObject({ name: 'alice', rate: '60/min', hash: hashKey(secret ?? '') });
  expect(JSON.stringify(await redis.hgetall('darkroom:keys'))).not.toContain(secret);
});

test('leaves a key as it is where its name is asked for again', async () => {
  await store.create('alice');
  const before = await store.list();
  expect(await store.create('alice')).toBeUndefined();
  expect(await store.list()).toEqual(before);
});

test('gives a rotated key another secret, and leaves its id, its rate and its age', async () => {
  const old = await store.create('alice', '5/min');
  const [before] = await store.list();
  const secret = await store.rotate('alice');
  expect(secret).not.toBe(old);
  expect(await store.list()).toEqual([{ ...before, hash: hashKey(secret ?? '') }]);
});

test('does not bring a key back that is revoked while it is rotated', async () => {
  for (let round = 0; round < 20; round += 1) {
    await store.create('alice');
    await Promise.all([store.rotate('alice'), store.revoke('alice')]);
    expect(await store.list()).toEqual([]);
  }
});

test('says of a name that is unknown that there is nothing to rotate or revoke', async () => {
  expect(await store.rotate('nobody')).toBeUndefined();
  expect(await store.revoke('nobody')).toBe(false);
});

test('gives another version after every change, also after Redis was emptied', async () => {
  expect(await store.version()).toBe('');
  const seen = new Set<string>();
  const change = async (make: () => Promise<unknown>) => {
    await make();
    const version = await store.version();
    expect(seen).not.toContain(version);
    seen.add(version);
  };
  await change(() => store.create('alice'));
  await change(() => store.rotate('alice'));
  await change(() => store.revoke('alice'));
  await redis.flushall();
  await change(() => store.create('alice'));
});

test('lists keys by name', async () => {
  await store.create('bob');
  await store.create('alice');
  expect((await store.list()).map(({ name }) => name)).toEqual(['alice', 'bob']);
});
