import { isFinal, Job, presentJob } from '../../shared/job.ts';
import { queuedJob } from '../openapi/examples.ts';
import { idempotencyHeaders, replayed } from '../openapi/idempotency-headers.ts';
import { imageBody, optionsQuery } from '../openapi/image-request.ts';
import { json, location, problems, retryAfter, SUBMISSION_PROBLEMS } from '../openapi/responses.ts';
import type { Route } from '../route.ts';
import { setHeader } from '../set-header.ts';
import { takeSubmission } from '../take-submission.ts';

export const postJob: Route = {
  isSubmission: true,
  doc: {
    method: 'post',
    path: '/v1/jobs',
    operationId: 'createJob',
    tags: ['Jobs'],
    summary: 'Submit an image',
    description:
      'Puts one image into the queue and answers with its job at once. Poll `links.self` until `status` is `succeeded`, `failed` or `canceled`.',
    request: { query: optionsQuery, headers: idempotencyHeaders, body: imageBody },
    responses: {
      202: json('The job, waiting in the queue.', Job, queuedJob, {
        Location: location,
        'Retry-After': retryAfter,
      }),
      200: json('The job of an earlier try, as it stands now.', Job, queuedJob, {
        Location: location,
        'Idempotency-Replayed': replayed,
      }),
      ...problems(...SUBMISSION_PROBLEMS, 'idempotency_conflict'),
    },
  },
  handle: (deps) => async (c) => {
    const { id, record, isReplay } = await takeSubmission(deps, c);
    c.set('jobId', id);
    const job = presentJob(id, record);
    setHeader(c, 'Location', job.links.self);
    if (!isFinal(record.status)) setHeader(c, 'Retry-After', '1');
    return c.json(job, isReplay ? 200 : 202);
  },
};
