import { PublicError } from '../../shared/errors.ts';
import type { BatchItem } from '../batch/batch-item.ts';
import { findBatch } from '../batch/find-batch.ts';
import { Batch, presentBatch } from '../batch/present-batch.ts';
import { receiveBatch } from '../batch/receive-batch.ts';
import { batchParams } from '../openapi/batch-params.ts';
import { processingBatch } from '../openapi/examples.ts';
import { json, location, problems } from '../openapi/responses.ts';
import type { ApiDeps, Route } from '../route.ts';

const ROWS_AT_ONCE = 200;

export const retryBatch: Route = {
  isSubmission: true,
  doc: {
    method: 'post',
    path: '/v1/batches/{id}/retry',
    operationId: 'retryBatch',
    tags: ['Batches'],
    summary: 'Run again what failed for no fault of its image',
    description:
      'Makes a new batch, `retry_of` the old one, of its items that failed with `internal`, as far as their images are still kept. Each of them goes over to it, and is run again once.',
    request: { params: batchParams },
    responses: {
      202: json('The new batch.', Batch, processingBatch, { Location: location }),
      ...problems(
        'batch_not_found',
        'batch_not_final',
        'empty_batch',
        'expired',
        'unknown_model',
        'unavailable',
      ),
    },
  },
  handle: (deps) => async (c) => {
    const { batches, config } = deps;
    const owner = c.get('owner');
    const oldId = c.req.param('id') ?? '';
    const asked = { owner, ttlSeconds: config.resultTtlSeconds };
    const old = await findBatch(batches, oldId, asked);
    if (old.finishedAt === undefined)
      throw new PublicError('batch_not_final', 'Expected a batch that is finished.');
    const id = await receiveBatch(deps, {
      owner,
      options: () => old.spec.options,
      items: failedItems(deps, oldId),
      ahead: 0,
      retryOf: oldId,
    });
    c.set('jobId', id);
    const batch = presentBatch(id, await findBatch(batches, id, asked), Date.now());
    return c.json(batch, 202, { Location: batch.links.self });
  },
};

/** The items that failed for no fault of their image, each as it was first asked for. */
async function* failedItems({ batches, dead }: ApiDeps, batch: string): AsyncGenerator<BatchItem> {
  for (let from = 0; ; from += ROWS_AT_ONCE) {
    const rows = await batches.readRows(batch, from, ROWS_AT_ONCE);
    if (rows.length === 0) return;
    for (const { id, jobId, job } of rows) {
      const outcome = job?.result?.outcome;
      if (!job || outcome?.status !== 'failed' || outcome.code !== 'internal') continue;
      const image = await dead.readImage(jobId);
      if (!image) continue;
      const { model, topK, minConfidence } = job.spec;
      yield { id, image, options: { model, top_k: topK, min_confidence: minConfidence } };
      // The next item is asked for once this one has been taken.
      await dead.drop(jobId);
    }
  }
}
