import { PublicError } from '../../shared/errors.ts';
import { jobNotFound, requireYoungId } from '../find-job.ts';
import { jobParams } from '../openapi/job-params.ts';
import { problems } from '../openapi/responses.ts';
import type { Route } from '../route.ts';

export const deleteJobResult: Route = {
  doc: {
    method: 'delete',
    path: '/v1/jobs/{id}/result',
    operationId: 'eraseJob',
    tags: ['Jobs'],
    summary: 'Erase a finished job',
    description:
      'Removes all that is stored of a final job, before its time. Afterwards its id is unknown.',
    request: { params: jobParams },
    responses: {
      204: { description: 'Nothing of it is left.' },
      ...problems('job_not_found', 'job_not_final', 'expired', 'unavailable'),
    },
  },
  handle:
    ({ store, config }) =>
    async (c) => {
      const id = c.req.param('id') ?? '';
      c.set('jobId', id);
      requireYoungId(id, config.resultTtlSeconds);
      const result = await store.erase(id, c.get('owner'));
      if (result === 'unknown') throw jobNotFound();
      if (result === 'not_final') {
        throw new PublicError(
          'job_not_final',
          'Expected a job that is final. Cancel it first, or wait for it.',
        );
      }
      return c.body(null, 204);
    },
};
