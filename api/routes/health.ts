import { z } from 'zod';
import { problem } from '../../shared/errors.ts';
import type { RedisState } from '../../shared/redis-state.ts';
import { json, problems } from '../openapi/responses.ts';
import { problemResponse } from '../problem-response.ts';
import type { Route } from '../route.ts';

const Live = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Live' });

const Ready = z
  .strictObject({
    status: z.literal('ok'),
    workers: z.array(
      z.strictObject({
        name: z.string(),
        concurrency: z.number().int(),
        models: z.array(z.string()),
        stuck: z
          .string()
          .optional()
          .meta({ description: 'Why it does not get on, where it does not.' }),
      }),
    ),
    queue: z.strictObject({
      waiting: z.number().int(),
      active: z.number().int(),
      limit: z.number().int(),
    }),
  })
  .meta({ id: 'Ready' });

/** Whether this process answers at all. Asks nothing of Redis: a restart of the API would not heal that. */
export const livez: Route = {
  doc: {
    method: 'get',
    path: '/livez',
    operationId: 'live',
    tags: ['Health'],
    summary: 'Whether the process answers',
    security: [],
    responses: { 200: json('It does.', Live, { status: 'ok' }), ...problems() },
  },
  handle: () => (c) => c.json({ status: 'ok' }, 200),
};

/** What is wrong with Redis, as the end of a sentence. */
const whatIsWrong: Record<Exclude<RedisState, 'ok'>, string> = {
  unreachable: 'it cannot be reached',
  silent: 'it does not answer',
  loading: 'it is still loading its data',
  out_of_memory: 'its memory is full',
  refusing: 'it refuses to store',
};

/** Whether the API is of use. No worker, or a full queue, does not make it unready: it can still be read from. */
export const readyz: Route = {
  doc: {
    method: 'get',
    path: '/readyz',
    operationId: 'ready',
    tags: ['Health'],
    summary: 'Whether Redis can be used, who works, and how full the queue is',
    security: [],
    responses: {
      200: json('Redis answers and stores.', Ready, {
        status: 'ok',
        workers: [{ name: 'worker-7f9c-1', concurrency: 1, models: ['efficientnet-lite0-int8'] }],
        queue: { waiting: 12, active: 1, limit: 100_000 },
      }),
      ...problems('unavailable'),
    },
  },
  handle:
    ({ redisState, registered, queue, config }) =>
    async (c) => {
      const state = await redisState();
      if (state !== 'ok') {
        const detail = `Expected Redis to answer and to store, but ${whatIsWrong[state]} (${state}).`;
        return problemResponse(c, problem('unavailable', detail), { 'Retry-After': '5' });
      }
      const [{ workers }, counts] = await Promise.all([registered(), queue.counts()]);
      return c.json({ status: 'ok', workers, queue: { ...counts, limit: config.queueLimit } }, 200);
    },
};
