import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createKeyStore, hashKey, type KeyStore } from '../shared/key-store.ts';
import { createPatientRedis } from '../shared/redis.ts';
import { startRedis, type TestRedis } from '../test/redis-server.ts';
import { runDarkroom } from '../test/run-darkroom.ts';

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

const darkroom = (args: string[], env: Record<string, string> = {}) =>
  runDarkroom(args, { REDIS_URL: server.url, ...env });
const keys = (...args: string[]) => darkroom(['keys', ...args]);

test('makes a key that stands alone on stdout, and keeps only its hash', async () => {
  const { code, stdout, stderr } = await keys('create', 'alice', '--rate', '60/min');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^dk_[\w-]{43}\n$/);
  expect(stderr).toMatch(/not shown again/);
  expect(await store.list()).toMatchObject([
    { name: 'alice', rate: '60/min', hash: hashKey(stdout.trim()) },
  ]);
});

test('lists names, rates, roles and dates, and no key', async () => {
  const { stdout: secret } = await keys('create', 'bob');
  await keys('create', 'alice', '--rate', '5', '--operator');
  const { code, stdout } = await keys('list');
  expect(code).toBe(0);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  expect(rows).toEqual([
    ['NAME', 'RATE', 'ROLE', 'CREATED'],
    ['alice', '5/min', 'operator', expect.stringMatching(/^\d{4}-\d\d-\d\dT/)],
    ['bob', '-', '-', expect.stringMatching(/^\d{4}-\d\d-\d\dT/)],
  ]);
  expect(stdout).not.toContain(secret.trim());
  expect(stdout).not.toContain(hashKey(secret.trim()));
});

test('rotates a key into another, and revokes it', async () => {
  const { stdout: first } = await keys('create', 'alice');
  const { stdout: second } = await keys('rotate', 'alice');
  expect(second).toMatch(/^dk_[\w-]{43}\n$/);
  expect(second).not.toBe(first);
  const { code, stdout, stderr } = await keys('revoke', 'alice');
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: '',
    stderr: "The key 'alice' has ended.\n",
  });
  expect(await store.list()).toEqual([]);
});

test.each([
  ['a name that is taken', ['create', 'taken'], /already/],
  ['a name with a colon', ['create', 'a:b'], /for NAME but received 'a:b'/],
  ['a rate that is none', ['create', 'a', '--rate', 'fast'], /for --rate but received 'fast'/],
  ['a rate of zero', ['create', 'a', '--rate', '0/min'], /for --rate but received '0\/min'/],
  ['a name to rotate that is unknown', ['rotate', 'nobody'], /no key of the name 'nobody'/],
  ['a name to revoke that is unknown', ['revoke', 'nobody'], /no key of the name 'nobody'/],
])('refuses %s in one line, and changes nothing', async (_name, args, sentence) => {
  await store.create('taken');
  const before = await store.list();
  const { code, stdout, stderr } = await keys(...args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(sentence);
  expect(stderr.trimEnd()).not.toContain('\n');
  expect(await store.list()).toEqual(before);
});

test('says in one line that Redis cannot be reached, and which setting is wrong', async () => {
  const away = await darkroom(['keys', 'list'], { REDIS_URL: 'redis://127.0.0.1:1' });
  expect(away).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'Expected a Redis that answers at REDIS_URL, but it cannot be reached. Is Darkroom running?\n',
  });
  const wrong = await darkroom(['keys', 'list'], { REDIS_URL: 'localhost' });
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toMatch(/^Expected a URL .* for REDIS_URL but received something else\.\n$/);
});
