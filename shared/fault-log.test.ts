import { expect, test } from 'vitest';
import { until } from '../test/until.ts';
import { createFaultLog } from './fault-log.ts';
import type { RedisState } from './redis-state.ts';

function listen(redisState: () => Promise<RedisState> = async () => 'ok', repeatMs = 60_000) {
  const lines: string[] = [];
  const tell = (fields: object, text: string) => {
    const { times } = fields as { times?: number };
    lines.push(times === undefined ? text : `${text} (${times})`);
  };
  return { lines, faults: createFaultLog({ warn: tell, info: tell }, redisState, repeatMs) };
}

const unreachable = () => Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });

test('names a fault once, however often it is seen, and once that it is over', () => {
  const { lines, faults } = listen();
  for (let time = 0; time < 1_000; time += 1) faults.seen('a child cannot be started', new Error());
  faults.over('a child cannot be started');
  faults.over('a child cannot be started');
  expect(lines).toEqual(['a child cannot be started', 'over: a child cannot be started']);
});

test('one that lasts is named again when the time is up, with how often it was seen since', async () => {
  const { lines, faults } = listen(undefined, 100);
  const seen = async () => {
    faults.seen('a child cannot be started', new Error());
    return lines;
  };
  await until(seen, ({ length }) => length === 2);
  expect(lines[1]).toMatch(/^a child cannot be started \(\d+\)$/);
});

test('all errors that say that Redis cannot be used are one fault, over when it can', async () => {
  let state: RedisState = 'unreachable';
  const { lines, faults } = listen(async () => state);
  for (const fault of ['the queue cannot be read', 'the heartbeat failed']) {
    faults.seen(fault, unreachable());
  }
  expect(lines).toEqual(['Redis cannot be used']);
  state = 'ok';
  await until(
    async () => lines,
    ({ length }) => length === 2,
  );
  faults.seen('the heartbeat failed', new Error('another'));
  expect(lines).toEqual([
    'Redis cannot be used',
    'over: Redis cannot be used',
    'the heartbeat failed',
  ]);
});
