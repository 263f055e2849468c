import { expect, test } from 'vitest';
import { formatRate, parseRate } from './rate.ts';

test.each([
  ['5/min', 5, 60],
  ['5', 5, 60],
  [' 10/s ', 10, 1],
  ['1000/h', 1000, 3600],
  ['100000/min', 100_000, 60],
])('reads %j', (text, count, windowSeconds) => {
  expect(parseRate(text)).toEqual({ count, windowSeconds });
});

test.each([
  '',
  '0',
  '0/min',
  '05/min',
  '-1',
  '1.5/s',
  '5/m',
  '5/day',
  '5 / min',
  '100001',
  '5/min/s',
])('refuses %j', (text) => {
  expect(parseRate(text)).toBeUndefined();
});

test.each(['5/min', '10/s', '1000/h'])('writes %s as it was read', (text) => {
  const rate = parseRate(text);
  expect(rate && formatRate(rate)).toBe(text);
});
