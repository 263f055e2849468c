import { z } from 'zod';
import { isFinal, Job } from '../../shared/job.ts';
import type { JobRecord } from '../../shared/job-record.ts';
import { findJob } from '../find-job.ts';
import { jobText } from '../job-text.ts';
import { succeededJob } from '../openapi/examples.ts';
import { jobParams } from '../openapi/job-params.ts';
import { json, problems, retryAfter } from '../openapi/responses.ts';
import { parseWait } from '../parse-wait.ts';
import type { Route } from '../route.ts';
import { setHeader } from '../set-header.ts';

const query = z.object({
  wait: z.number().min(0).optional().meta({
    description:
      'Seconds to hold the answer until the job is final; above 60 counts as 60. `Prefer: wait=10` does the same.',
    example: 10,
  }),
});

export const getJob: Route = {
  doc: {
    method: 'get',
    path: '/v1/jobs/{id}',
    operationId: 'getJob',
    tags: ['Jobs'],
    summary: 'Read a job',
    request: { params: jobParams, query },
    responses: {
      200: json('The job. A failed one is a normal answer.', Job, succeededJob, {
        'Retry-After': { ...retryAfter, description: 'On a job that is not final.' },
      }),
      ...problems('job_not_found', 'expired', 'invalid_request', 'rate_limited', 'unavailable'),
    },
  },
  handle:
    ({ store, waits, config }) =>
    async (c) => {
      const id = c.req.param('id') ?? '';
      c.set('jobId', id);
      const waitMs = parseWait(c.req.query('wait'), c.req.header('Prefer'));
      const owner = c.get('owner');
      if (waitMs > 0) waits.requireRoom(owner);
      const asked = { owner, ttlSeconds: config.resultTtlSeconds };
      const read = (heard?: JobRecord) => findJob(store, id, asked, heard);
      const record =
        waitMs > 0
          ? await waits.readUntil(id, read, ({ status }) => isFinal(status), {
              owner,
              ms: waitMs,
              answer: c.env.outgoing,
            })
          : await read();
      if (!isFinal(record.status)) setHeader(c, 'Retry-After', '1');
      return c.body(jobText(id, record), 200, { 'Content-Type': 'application/json' });
    },
};
