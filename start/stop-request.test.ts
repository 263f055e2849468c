import { EventEmitter } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { type StopRequest, watchForStop } from './stop-request.ts';

const watched: StopRequest[] = [];

afterEach(() => {
  for (const stop of watched.splice(0)) stop.dispose();
});

function watch(isOrphaned: () => boolean = () => false) {
  const source = new EventEmitter();
  const clock = { ms: 1_000_000 };
  const stop = watchForStop(source, isOrphaned, () => clock.ms);
  watched.push(stop);
  return { source, clock, stop };
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s is a request to stop', (signal) => {
  const { source, stop } = watch();
  expect(stop.polite.aborted).toBe(false);
  source.emit(signal);
  expect(stop.polite.aborted).toBe(true);
});

test('one Ctrl-C that npm passes on as well is one request', () => {
  const { source, clock, stop } = watch();
  source.emit('SIGINT');
  clock.ms += 50;
  source.emit('SIGINT');
  expect(stop.impatient.aborted).toBe(false);
});

test('a second Ctrl-C is an impatient request', () => {
  const { source, clock, stop } = watch();
  source.emit('SIGINT');
  clock.ms += 1_500;
  source.emit('SIGINT');
  expect(stop.impatient.aborted).toBe(true);
});

test('the death of the process that runs us is a request to stop', async () => {
  let orphaned = false;
  const { stop } = watch(() => orphaned);
  orphaned = true;
  await expect.poll(() => stop.polite.aborted, { timeout: 5_000 }).toBe(true);
  expect(stop.impatient.aborted).toBe(false);
});

test('leaves no listener behind', () => {
  const { source, stop } = watch();
  stop.dispose();
  expect(source.eventNames()).toEqual([]);
});
