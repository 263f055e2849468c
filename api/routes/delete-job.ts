import { z } from 'zod';
import { Job, presentJob } from '../../shared/job.ts';
import { findJob, jobNotFound, requireYoungId } from '../find-job.ts';
import { canceledJob } from '../openapi/examples.ts';
import { jobParams } from '../openapi/job-params.ts';
import { json, problems } from '../openapi/responses.ts';
import type { Route } from '../route.ts';

const Cancellation = z
  .strictObject({
    result: z.enum(['canceled', 'cancellation_requested', 'already_finished']).meta({
      description:
        '`canceled`: it had not begun and never will. `cancellation_requested`: it is running; this attempt ends as it ends, and there is no other. `already_finished`: nothing changed.',
    }),
    job: Job,
  })
  .meta({ id: 'Cancellation' });

export const deleteJob: Route = {
  doc: {
    method: 'delete',
    path: '/v1/jobs/{id}',
    operationId: 'cancelJob',
    tags: ['Jobs'],
    summary: 'Cancel a job',
    request: { params: jobParams },
    responses: {
      200: json('What became of it.', Cancellation, { result: 'canceled', job: canceledJob }),
      ...problems('job_not_found', 'expired', 'unavailable'),
    },
  },
  handle:
    ({ store, queue, config }) =>
    async (c) => {
      const id = c.req.param('id') ?? '';
      c.set('jobId', id);
      const asked = { owner: c.get('owner'), ttlSeconds: config.resultTtlSeconds };
      requireYoungId(id, asked.ttlSeconds);
      const result = await store.cancel(id, asked.owner);
      if (result === 'unknown') throw jobNotFound();
      if (result === 'canceled') await queue.remove(id);
      return c.json({ result, job: presentJob(id, await findJob(store, id, asked)) }, 200);
    },
};
