import { expect, test } from 'vitest';
import { createDrainRate } from './drain-rate.ts';

function clock() {
  let ms = 5_000;
  return { now: () => ms, pass: (seconds: number) => (ms += seconds * 1000) };
}

function countTimes(rate: ReturnType<typeof createDrainRate>, times: number) {
  for (let time = 0; time < times; time += 1) rate.count();
}

test('nothing drains where no job became final', () => {
  expect(createDrainRate(clock().now).perSecond()).toBe(0);
});

test('the rate is that of the seconds in which jobs became final', () => {
  const { now, pass } = clock();
  const rate = createDrainRate(now);
  pass(100);
  for (let second = 0; second < 5; second += 1) {
    countTimes(rate, 20);
    pass(1);
  }
  expect(rate.perSecond()).toBe(20);
});

test('a queue that has stopped draining is known after ten seconds', () => {
  const { now, pass } = clock();
  const rate = createDrainRate(now);
  countTimes(rate, 50);
  pass(5);
  expect(rate.perSecond()).toBe(10);
  pass(6);
  expect(rate.perSecond()).toBe(0);
});

test('what was counted long ago takes no memory', () => {
  const { now, pass } = clock();
  const rate = createDrainRate(now);
  for (let second = 0; second < 1_000; second += 1) {
    rate.count();
    pass(1);
  }
  expect(rate.perSecond()).toBeCloseTo(1, 0);
});
