import { expect, test } from 'vitest';
import { createProgress } from './progress.ts';

/** Of a worker with two children, whose jobs may take 10 s at each of two tries. */
function start() {
  let seconds = 0;
  const progress = createProgress({
    concurrency: 2,
    jobTimeoutMs: 10_000,
    now: () => seconds * 1000,
  });
  const pass = (more: number) => {
    seconds += more;
  };
  return { ...progress, pass };
}

test('an idle worker gets on for as long as it has nothing to do', () => {
  const { look, pass, stuck } = start();
  for (let looks = 0; looks < 100; looks += 1) {
    look(false);
    pass(5);
  }
  expect(stuck()).toBeUndefined();
});

test('a worker that takes none of the jobs that wait is stuck, until it takes one', () => {
  const { begin, look, pass, stuck } = start();
  look(true);
  pass(35);
  look(true);
  expect(stuck()).toBeUndefined();
  pass(1);
  expect(stuck()).toBe('it has taken none of the jobs that wait for more than 35 s');
  begin();
  expect(stuck()).toBeUndefined();
});

test('one whose children are all at work may let jobs wait', () => {
  const { begin, look, pass, stuck } = start();
  for (let looks = 0; looks < 20; looks += 1) {
    const ends = [begin(), begin()];
    look(true);
    pass(5);
    for (const end of ends) end();
  }
  expect(stuck()).toBeUndefined();
});

test('one job that does not end makes it stuck, though others do', () => {
  const { begin, look, pass, stuck } = start();
  const end = begin();
  for (let looks = 0; looks < 8; looks += 1) {
    begin()();
    look(true);
    pass(5);
  }
  expect(stuck()).toBe('a job has run for more than 35 s');
  end();
  expect(stuck()).toBeUndefined();
});

test('the time without Redis counts for nothing', () => {
  const { begin, pass, restart, stuck } = start();
  begin();
  pass(60);
  restart();
  expect(stuck()).toBeUndefined();
});
