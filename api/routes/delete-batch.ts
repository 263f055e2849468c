import { z } from 'zod';
import { batchNotFound, findBatch, requireYoungBatchId } from '../batch/find-batch.ts';
import { Batch, presentBatch } from '../batch/present-batch.ts';
import { batchParams } from '../openapi/batch-params.ts';
import { canceledBatch } from '../openapi/examples.ts';
import { json, problems } from '../openapi/responses.ts';
import type { Route } from '../route.ts';

const BatchCancellation = z
  .strictObject({ result: z.enum(['canceled', 'already_finished']), batch: Batch })
  .meta({ id: 'BatchCancellation' });

export const deleteBatch: Route = {
  doc: {
    method: 'delete',
    path: '/v1/batches/{id}',
    operationId: 'cancelBatch',
    tags: ['Batches'],
    summary: 'Cancel a batch',
    description:
      'Stops what has not begun, at once, also an upload that still arrives; what runs ends as it ends.',
    request: { params: batchParams },
    responses: {
      200: json('What became of it.', BatchCancellation, {
        result: 'canceled',
        batch: canceledBatch,
      }),
      ...problems('batch_not_found', 'expired', 'unavailable'),
    },
  },
  handle:
    ({ batches, config }) =>
    async (c) => {
      const id = c.req.param('id') ?? '';
      c.set('jobId', id);
      const asked = { owner: c.get('owner'), ttlSeconds: config.resultTtlSeconds };
      requireYoungBatchId(id, asked.ttlSeconds);
      const result = await batches.cancel(id, asked.owner);
      if (result === 'unknown') throw batchNotFound();
      const batch = presentBatch(id, await findBatch(batches, id, asked), Date.now());
      return c.json({ result, batch }, 200);
    },
};
