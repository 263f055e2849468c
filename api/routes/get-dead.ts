import { DeadLetter, presentDeadLetter } from '../../shared/present-dead-letter.ts';
import { deadLetterNotFound } from '../dead-letter-not-found.ts';
import { deadLetter } from '../openapi/examples.ts';
import { jobParams } from '../openapi/job-params.ts';
import { json, problems } from '../openapi/responses.ts';
import type { Route } from '../route.ts';

export const getDead: Route = {
  isOperators: true,
  doc: {
    method: 'get',
    path: '/v1/dead/{id}',
    operationId: 'getDead',
    tags: ['Dead letters'],
    summary: 'Read why a job was given up',
    request: { params: jobParams },
    responses: {
      200: json('The job and its cause.', DeadLetter, deadLetter),
      ...problems('dead_letter_not_found', 'unavailable'),
    },
  },
  handle:
    ({ dead }) =>
    async (c) => {
      const id = c.req.param('id') ?? '';
      c.set('jobId', id);
      const letter = await dead.read(id);
      if (!letter) throw deadLetterNotFound();
      return c.json(presentDeadLetter(letter), 200);
    },
};
