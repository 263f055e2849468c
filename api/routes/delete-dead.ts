import { deadLetterNotFound } from '../dead-letter-not-found.ts';
import { jobParams } from '../openapi/job-params.ts';
import { problems } from '../openapi/responses.ts';
import type { Route } from '../route.ts';

export const deleteDead: Route = {
  isOperators: true,
  doc: {
    method: 'delete',
    path: '/v1/dead/{id}',
    operationId: 'dropDead',
    tags: ['Dead letters'],
    summary: 'Drop what is kept of a job that was given up',
    description: 'Its image and its cause; the job itself stays as it is.',
    request: { params: jobParams },
    responses: {
      204: { description: 'Nothing of it is kept any more.' },
      ...problems('dead_letter_not_found', 'unavailable'),
    },
  },
  handle:
    ({ dead }) =>
    async (c) => {
      const id = c.req.param('id') ?? '';
      c.set('jobId', id);
      if (!(await dead.drop(id))) throw deadLetterNotFound();
      return c.body(null, 204);
    },
};
