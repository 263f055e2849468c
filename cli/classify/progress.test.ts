import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { expect, test } from 'vitest';
import { createProgress } from './progress.ts';
import { progressText } from './progress-text.ts';
import { createSpeed } from './speed.ts';

/** A stderr that keeps what it is given. */
function createStderr(isTTY: boolean, hasColors = false) {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const stderr = Object.assign(stream, { isTTY, columns: 80, hasColors: () => hasColors });
  return { stderr: stderr as unknown as WriteStream, read: () => text };
}

test('draws a bar in a terminal, and takes it away at the end', () => {
  const { stderr, read } = createStderr(true);
  const progress = createProgress(stderr, { total: 4, isDumb: false });
  progress.end();
  expect(read()).toBe('\r\x1b[K[------------------------] 0 of 4\r\x1b[K');
});

test.each([
  ['no terminal', false, false],
  ['a terminal that only prints', true, true],
])('writes no control sequences to %s', (_name, isTTY, isDumb) => {
  const { stderr, read } = createStderr(isTTY, true);
  const progress = createProgress(stderr, { total: 4, isDumb });
  progress.note('a note');
  progress.end();
  expect(read()).toBe('a note\n');
});

test('colours the bar only where the terminal takes colours', () => {
  const { stderr, read } = createStderr(true, true);
  createProgress(stderr, { total: 0, isDumb: false }).end();
  expect(read()).toContain('\x1b[32m');
});

test('says how far it is, how fast and how long it still takes', () => {
  expect(progressText({ total: 1000, done: 400, failed: 3 }, 5)).toBe(
    '400 of 1000, 5.0 images/s, 2 min 0 s left, 3 failed',
  );
  expect(progressText({ total: 40_000, done: 400, failed: 0 }, 10)).toBe(
    '400 of 40000, 10 images/s, 1 h 6 min left',
  );
  expect(progressText({ total: 10, done: 0, failed: 0 }, undefined)).toBe('0 of 10');
});

test('the speed is that of the last fifteen seconds', () => {
  let time = 0;
  const speed = createSpeed(() => time);
  speed.note(0);
  expect(speed.perSecond()).toBeUndefined();
  for (let count = 100; count <= 2000; count += 100) {
    time += 1000;
    speed.note(count);
  }
  expect(speed.perSecond()).toBe(100);
  for (let second = 0; second < 20; second += 1) {
    time += 1000;
    speed.note(2000);
  }
  expect(speed.perSecond()).toBeUndefined();
});
