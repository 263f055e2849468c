import { expect, test } from 'vitest';
import { signal } from '../../test/signal.ts';
import { inGroups } from './in-groups.ts';

/** Groups of numbers up to `most`, each of which is under way until it is ended. */
function start(most = 3) {
  const begun: number[][] = [];
  const ends: { resolve(): void; reject(error: Error): void }[] = [];
  const failed = signal();
  const groups = inGroups<number>({
    run(group) {
      begun.push(group);
      return new Promise((resolve, reject) => ends.push({ resolve, reject }));
    },
    isEnough: (gathered) => gathered.length >= most,
    onFailure: failed.resolve,
  });
  return { groups, begun, ends, failed: failed.promise };
}

test('what is given alone is done at once, and alone', async () => {
  const { groups, begun, ends } = start();
  await groups.push(1);
  expect(begun).toEqual([[1]]);
  ends[0]?.resolve();
  await groups.end();
  await groups.push(2);
  expect(begun).toEqual([[1], [2]]);
  ends[1]?.resolve();
  await groups.end();
});

test('those that come while a group is under way are the next one', async () => {
  const { groups, begun, ends } = start();
  for (const item of [1, 2, 3]) await groups.push(item);
  expect(begun).toEqual([[1]]);
  const ended = groups.end();
  ends[0]?.resolve();
  await expect.poll(() => begun).toEqual([[1], [2, 3]]);
  ends[1]?.resolve();
  await ended;
});

test('who gives faster than is done is held back when enough have come', async () => {
  const { groups, begun, ends } = start(2);
  await groups.push(1);
  await groups.push(2);
  const { promise: held, resolve: goOn } = signal();
  let isHeld = true;
  void groups.push(3).then(() => {
    isHeld = false;
    goOn();
  });
  await Promise.resolve();
  expect(isHeld).toBe(true);
  ends[0]?.resolve();
  await held;
  expect(begun).toEqual([[1], [2, 3]]);
  ends[1]?.resolve();
  await groups.end();
});

test('where nothing may be gathered, each waits until it is done', async () => {
  const { groups, ends } = start(0);
  const taken = groups.push(1);
  const { promise: isTaken, resolve } = signal<string>();
  void taken.then(() => resolve('taken'));
  expect(await Promise.race([isTaken, Promise.resolve('waits')])).toBe('waits');
  ends[0]?.resolve();
  expect(await isTaken).toBe('taken');
});

test('once a group has failed nothing more is done, and who gives or ends is told', async () => {
  const { groups, begun, ends, failed } = start();
  await groups.push(1);
  await groups.push(2);
  ends[0]?.reject(new Error('no room'));
  await failed;
  await expect(groups.end()).rejects.toThrow('no room');
  await expect(groups.push(3)).rejects.toThrow('no room');
  expect(begun).toEqual([[1]]);
});
