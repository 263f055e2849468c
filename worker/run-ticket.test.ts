import { ReplyError } from 'ioredis';
import { expect, test } from 'vitest';
import { createLogger } from '../shared/logger.ts';
import { signal } from '../test/signal.ts';
import { NoFreeChild } from './pool/waiting-images.ts';
import { runTicket, type TicketDeps } from './run-ticket.ts';

const log = createLogger('test', 'silent');
const attempt = { isLastAttempt: false, isOfBatch: true };

/** Runs a ticket with two riders, of which one does `run`; tells how it ended and what was given back. */
async function runThree(run: () => Promise<void>, more: Partial<TicketDeps> = {}, its = 'job_2') {
  const done: string[] = [];
  const released: [string, boolean][] = [];
  const dropped: string[] = [];
  const end = await runTicket(['job_1', 'job_2', 'job_3'], attempt, {
    run: async (id) => {
      if (id === its) await run();
      done.push(id);
    },
    release: async (...args) => void released.push(args),
    dropRider: async (id) => void dropped.push(id),
    log,
    ...more,
  }).catch((error: unknown) => error);
  return { end, done, released, dropped };
}

test('a ticket is done when all of its jobs are', async () => {
  const both = signal();
  let begun = 0;
  const run = async () => {
    begun += 1;
    if (begun === 2) both.resolve();
    await both.promise;
  };
  const never = () => Promise.reject(new Error('nothing is given back'));
  const deps = { run, release: never, dropRider: never, log };
  // Each waits for the other: so they run side by side.
  expect(await runTicket(['job_1', 'job_2'], attempt, deps)).toBe('done');
});

test('a job that throws is given back alone, and its ticket comes again', async () => {
  const error = new Error('no session');
  expect(await runThree(() => Promise.reject(error))).toEqual({
    end: error,
    done: ['job_1', 'job_3'],
    released: [['job_2', true]],
    dropped: [],
  });
});

test('a rider for which no child is free goes its own way, and was not tried', async () => {
  expect(await runThree(() => Promise.reject(new NoFreeChild()))).toEqual({
    end: 'done',
    done: ['job_1', 'job_3'],
    released: [['job_2', false]],
    dropped: ['job_2'],
  });
});

test("where no child is free for the ticket's own job it waits again at once", async () => {
  expect(await runThree(() => Promise.reject(new NoFreeChild()), {}, 'job_1')).toEqual({
    end: 'waits',
    done: ['job_2', 'job_3'],
    released: [['job_1', false]],
    dropped: [],
  });
});

test('where Redis cannot, the ticket is left to its lock', async () => {
  const cannot = () =>
    Promise.reject(new ReplyError("OOM command not allowed when used memory > 'maxmemory'."));
  expect(await runThree(cannot)).toMatchObject({
    end: 'lost',
    done: ['job_1', 'job_3'],
    released: [],
  });
  const noChild = () => Promise.reject(new NoFreeChild());
  expect((await runThree(noChild, { release: cannot })).end).toBe('lost');
  expect((await runThree(noChild, { dropRider: cannot })).end).toBe('lost');
});

test('of a ticket that is stopped those jobs are given back that are not done', async () => {
  const stop = new AbortController();
  const isDone = signal();
  const released: [string, boolean][] = [];
  const running = runTicket(
    ['job_1', 'job_2'],
    { ...attempt, signal: stop.signal },
    {
      run: (id) =>
        id === 'job_1' ? Promise.resolve(isDone.resolve()) : new Promise(() => undefined),
      release: async (...args) => void released.push(args),
      dropRider: () => Promise.reject(new Error('it was tried')),
      log,
    },
  );
  await isDone.promise;
  stop.abort();
  expect(await running).toBe('waits');
  expect(released).toEqual([['job_2', true]]);
});
