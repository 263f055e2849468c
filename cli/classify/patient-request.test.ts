import { expect, test } from 'vitest';
import type { HttpAnswer } from './http-request.ts';
import { patientRequest } from './patient-request.ts';

const good: HttpAnswer = { status: 200, headers: {}, body: 'good' };
const full = (retryAfter?: string): HttpAnswer => ({
  status: 503,
  headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  body: '',
});

/** Plays a server that gives these answers one after the other, in a time that only waiting moves. */
function play(results: (HttpAnswer | Error)[], patienceMs = 60_000) {
  const waits: number[] = [];
  const stopping = new AbortController();
  let time = 0;
  const answer = patientRequest(
    async () => {
      const result = results.shift();
      if (!result) throw new Error('There was a request too many.');
      if (result instanceof Error) throw result;
      return result;
    },
    {
      signal: stopping.signal,
      onTrouble: () => undefined,
      patienceMs,
      sleep: async (ms) => {
        waits.push(ms);
        time += ms;
      },
      now: () => time,
    },
  );
  return { answer, waits, stopping };
}

test('tries again when Retry-After says, and in growing steps where nothing says when', async () => {
  const { answer, waits } = play([full('7'), full(), new Error('gone'), good]);
  expect(await answer).toBe(good);
  expect(waits).toEqual([7000, 1000, 2000]);
});

test.each([400, 401, 404, 413, 422, 500])('gives a %i at once', async (status) => {
  const { answer, waits } = play([{ ...good, status }]);
  expect((await answer).status).toBe(status);
  expect(waits).toEqual([]);
});

test('gives the last answer when its patience ends', async () => {
  const { answer, waits } = play([full('40'), full('40')]);
  expect((await answer).status).toBe(503);
  expect(waits).toEqual([40_000]);
});

test('throws why there was no answer when its patience ends', async () => {
  const { answer } = play([new Error('refused')], 0);
  await expect(answer).rejects.toThrow('refused');
});

test('makes no other try once the user wants to stop', async () => {
  const { answer, stopping } = play([full()]);
  stopping.abort();
  await expect(answer).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
});
