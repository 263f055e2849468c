import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { newId } from './ids.ts';
import { createJobStore } from './job-store.ts';

let redis: Redis;
let machine: string;

beforeEach(() => {
  redis = new Redis(inject('redisUrl'));
  machine = randomUUID();
});

afterEach(() => redis.disconnect());

/** What workers are told that begin jobs one after the other on two cores: how many turns each is ahead. */
async function begin(workers: string, concurrency = 1): Promise<number[]> {
  const store = createJobStore(redis, 1);
  const image = Buffer.of(1);
  const createdAt = Date.now();
  const spec = {
    model: 'm',
    topK: 5,
    minConfidence: 0,
    format: 'png',
    bytes: 1,
    createdAt,
  } as const;
  const told: number[] = [];
  for (const worker of workers) {
    const id = newId('job');
    await store.submit(id, { owner: machine, spec, image });
    const begun = await store.begin(id, worker, { machine, concurrency, cores: 2 });
    if (begun.state === 'begun') told.push(begun.turnsAhead);
  }
  return told;
}

test('a worker that is ahead of the others of its machine is told by how much, beyond two turns', async () => {
  expect(await begin('abcdaaaaa')).toEqual([0, 0, 0, 0, 0, 0, 1, 2, 3]);
  expect(await begin('bbbb')).toEqual([0, 0, 1, 2]);
});

test('those that are furthest behind and fill the cores are never told to rest', async () => {
  await begin('abcdaaaaabbbbb');
  expect(await begin('ccccc')).toEqual([0, 0, 0, 0, 0]);
});

test('workers that are no more than the cores take no heed of each other', async () => {
  expect(await begin('abaaaaaaaaaaaa').then((told) => Math.max(...told))).toBe(0);
});

test('a worker with two children may do twice as much', async () => {
  await begin('abc', 2);
  expect(await begin('aaaaaa', 2)).toEqual([0, 0, 0, 0, 0, 1]);
});

test('one that hangs on an image is waited for during eight turns and no longer, and one that comes begins level', async () => {
  await begin('abcd');
  await begin('abc'.repeat(9));
  expect(await begin('aaa')).toEqual([0, 0, 1]);
  await begin('bbbccc');
  expect(await begin('eaa')).toEqual([0, 0, 0]);
});
