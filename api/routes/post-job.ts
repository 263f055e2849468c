import { Job, presentJob } from '../../shared/job.ts';
import { queuedJob } from '../openapi/examples.ts';
import { imageBody, optionsQuery } from '../openapi/image-request.ts';
import { json, location, problems, retryAfter, SUBMISSION_PROBLEMS } from '../openapi/responses.ts';
import type { Route } from '../route.ts';
import { submitJob } from '../submit-job.ts';
import { readUpload } from '../upload/read-upload.ts';

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
    request: { query: optionsQuery, body: imageBody },
    responses: {
      202: json('The job, waiting in the queue.', Job, queuedJob, {
        Location: location,
        'Retry-After': retryAfter,
      }),
      ...problems(...SUBMISSION_PROBLEMS),
    },
  },
  handle: (deps) => async (c) => {
    await deps.admission.requireRoom();
    const upload = await readUpload(c.env.incoming, c.req.queries(), deps.config.maxImageBytes);
    const { id, record } = await submitJob(deps, c.get('owner'), upload);
    c.set('jobId', id);
    const job = presentJob(id, record);
    return c.json(job, 202, { Location: job.links.self, 'Retry-After': '1' });
  },
};
