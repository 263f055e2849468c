import { z } from 'zod';
import { closeIfAbandoned } from '../batch/find-batch.ts';
import { Batch, presentBatch } from '../batch/present-batch.ts';
import { processingBatch } from '../openapi/examples.ts';
import { pageQuery } from '../openapi/page-query.ts';
import { json, problems } from '../openapi/responses.ts';
import { parsePage } from '../parse-page.ts';
import type { Route } from '../route.ts';

const Batches = z
  .strictObject({ batches: z.array(Batch), next_cursor: z.string().optional() })
  .meta({ id: 'Batches' });

export const listBatches: Route = {
  doc: {
    method: 'get',
    path: '/v1/batches',
    operationId: 'listBatches',
    tags: ['Batches'],
    summary: "List the key's batches, newest first",
    request: { query: pageQuery },
    responses: {
      200: json('A page of them.', Batches, { batches: [processingBatch] }),
      ...problems('invalid_request', 'unavailable'),
    },
  },
  handle:
    ({ batches }) =>
    async (c) => {
      const { after, limit } = parsePage('batch', c.req.query('cursor'), c.req.query('limit'));
      const page = await batches.list(c.get('owner'), after, limit);
      const last = page.length === limit ? page.at(-1)?.id : undefined;
      const shown = await Promise.all(
        page.map(async ({ id, record }) =>
          presentBatch(id, await closeIfAbandoned(batches, id, record), Date.now()),
        ),
      );
      return c.json(
        {
          batches: shown,
          ...(last ? { next_cursor: last } : {}),
        },
        200,
      );
    },
};
