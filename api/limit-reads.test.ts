import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createLogger } from '../shared/logger.ts';
import { silentFaults } from '../test/silent-faults.ts';
import { createApiMetrics } from './api-metrics.ts';
import { handleError } from './handle-error.ts';
import { limitReads } from './limit-reads.ts';
import type { ApiEnv } from './route.ts';

const log = createLogger('test', 'silent');

function readsOf(owner: string) {
  return new Hono<ApiEnv>()
    .use(async (c, next) => {
      c.set('owner', owner);
      await next();
    })
    .use(limitReads(3))
    .get('/', (c) => c.text('read'))
    .onError(handleError({ log, faults: silentFaults, metrics: createApiMetrics() }));
}

async function readSix(owner: string): Promise<Response[]> {
  const reads = readsOf(owner);
  return Promise.all(Array.from({ length: 6 }, () => reads.request('/')));
}

test('tells a key that reads too often to wait a second', async () => {
  const answers = await readSix('alice');
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429, 429]);
  expect(answers[3]?.headers.get('retry-after')).toBe('1');
  expect(await answers[3]?.json()).toMatchObject({ code: 'rate_limited' });
});

test('limits nobody while the service is open', async () => {
  const answers = await readSix('');
  expect(answers.every(({ status }) => status === 200)).toBe(true);
});
