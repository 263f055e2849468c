import { z } from 'zod';
import { DeadLetter, presentDeadLetter } from '../../shared/present-dead-letter.ts';
import { deadLetter } from '../openapi/examples.ts';
import { pageQuery } from '../openapi/page-query.ts';
import { json, problems } from '../openapi/responses.ts';
import { parsePage } from '../parse-page.ts';
import type { Route } from '../route.ts';

const DeadLetters = z
  .strictObject({ dead: z.array(DeadLetter), next_cursor: z.string().optional() })
  .meta({ id: 'DeadLetters' });

export const listDead: Route = {
  isOperators: true,
  doc: {
    method: 'get',
    path: '/v1/dead',
    operationId: 'listDead',
    tags: ['Dead letters'],
    summary: "List every key's jobs that were given up, the last first",
    request: { query: pageQuery },
    responses: {
      200: json('A page of them.', DeadLetters, { dead: [deadLetter] }),
      ...problems('invalid_request', 'unavailable'),
    },
  },
  handle:
    ({ dead }) =>
    async (c) => {
      const { after, limit } = parsePage('dead', c.req.query('cursor'), c.req.query('limit'));
      const { letters, next } = await dead.list(after === undefined ? after : Number(after), limit);
      return c.json(
        {
          dead: letters.map(presentDeadLetter),
          ...(next === undefined ? {} : { next_cursor: String(next) }),
        },
        200,
      );
    },
};
