import { findBatch } from '../batch/find-batch.ts';
import { Batch, presentBatch } from '../batch/present-batch.ts';
import { batchParams } from '../openapi/batch-params.ts';
import { processingBatch } from '../openapi/examples.ts';
import { json, problems, retryAfter } from '../openapi/responses.ts';
import { waitQuery } from '../openapi/wait-query.ts';
import { parseWait } from '../parse-wait.ts';
import type { Route } from '../route.ts';

export const getBatch: Route = {
  doc: {
    method: 'get',
    path: '/v1/batches/{id}',
    operationId: 'getBatch',
    tags: ['Batches'],
    summary: 'Read a batch and its counts',
    request: { params: batchParams, query: waitQuery },
    responses: {
      200: json('The batch.', Batch, processingBatch, {
        'Retry-After': { ...retryAfter, description: 'On a batch that is not finished.' },
      }),
      ...problems('batch_not_found', 'expired', 'invalid_request', 'rate_limited', 'unavailable'),
    },
  },
  handle:
    ({ batches, waits, config }) =>
    async (c) => {
      const id = c.req.param('id') ?? '';
      c.set('jobId', id);
      const waitMs = parseWait(c.req.query('wait'), c.req.header('Prefer'));
      const owner = c.get('owner');
      if (waitMs > 0) waits.requireRoom(owner);
      const asked = { owner, ttlSeconds: config.resultTtlSeconds };
      const read = () => findBatch(batches, id, asked);
      const record =
        waitMs > 0
          ? await waits.readUntil(id, read, ({ finishedAt }) => finishedAt !== undefined, {
              owner,
              ms: waitMs,
              answer: c.env.outgoing,
            })
          : await read();
      const finished = record.finishedAt !== undefined;
      return c.json(
        presentBatch(id, record, Date.now()),
        200,
        finished ? {} : { 'Retry-After': '1' },
      );
    },
};
