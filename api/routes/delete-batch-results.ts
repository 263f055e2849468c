import { PublicError } from '../../shared/errors.ts';
import { batchNotFound, requireYoungBatchId } from '../batch/find-batch.ts';
import { batchParams } from '../openapi/batch-params.ts';
import { problems } from '../openapi/responses.ts';
import type { Route } from '../route.ts';

export const deleteBatchResults: Route = {
  doc: {
    method: 'delete',
    path: '/v1/batches/{id}/results',
    operationId: 'eraseBatch',
    tags: ['Batches'],
    summary: 'Erase a finished batch',
    description:
      'Removes all that is stored of it and its jobs, before its time. Afterwards its id is unknown.',
    request: { params: batchParams },
    responses: {
      204: { description: 'Nothing of it is left.' },
      ...problems('batch_not_found', 'batch_not_final', 'expired', 'unavailable'),
    },
  },
  handle:
    ({ batches, config }) =>
    async (c) => {
      const id = c.req.param('id') ?? '';
      c.set('jobId', id);
      requireYoungBatchId(id, config.resultTtlSeconds);
      const result = await batches.erase(id, c.get('owner'));
      if (result === 'unknown') throw batchNotFound();
      if (result === 'not_final') {
        throw new PublicError(
          'batch_not_final',
          'Expected a batch that is finished. Cancel it first, or wait for it.',
        );
      }
      return c.body(null, 204);
    },
};
