import { Job, presentJob } from '../../shared/job.ts';
import { deadLetterNotFound } from '../dead-letter-not-found.ts';
import { retriedJob } from '../openapi/examples.ts';
import { jobParams } from '../openapi/job-params.ts';
import { json, location, problems } from '../openapi/responses.ts';
import type { Route } from '../route.ts';

export const retryDead: Route = {
  isOperators: true,
  doc: {
    method: 'post',
    path: '/v1/dead/{id}/retry',
    operationId: 'retryDead',
    tags: ['Dead letters'],
    summary: 'Run a job again that was given up',
    description:
      'Makes a new job, `retry_of` the old one, of the same owner and with the same options; it counts as one of theirs. The letter goes with it, so that of two calls one makes a job.',
    request: { params: jobParams },
    responses: {
      202: json('The new job; its owner finds it in the list of jobs.', Job, retriedJob, {
        Location: location,
      }),
      ...problems('dead_letter_not_found', 'unavailable'),
    },
  },
  handle:
    ({ dead }) =>
    async (c) => {
      const retried = await dead.retry(c.req.param('id') ?? '');
      if (!retried) throw deadLetterNotFound();
      c.set('jobId', retried.id);
      const job = presentJob(retried.id, retried.record);
      return c.json(job, 202, { Location: job.links.self });
    },
};
