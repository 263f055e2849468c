import { z } from 'zod';
import { Job, presentJob } from '../../shared/job.ts';
import { succeededJob } from '../openapi/examples.ts';
import { pageQuery } from '../openapi/page-query.ts';
import { json, problems } from '../openapi/responses.ts';
import { parsePage } from '../parse-page.ts';
import type { Route } from '../route.ts';

const Jobs = z
  .strictObject({ jobs: z.array(Job), next_cursor: z.string().optional() })
  .meta({ id: 'Jobs' });

export const listJobs: Route = {
  doc: {
    method: 'get',
    path: '/v1/jobs',
    operationId: 'listJobs',
    tags: ['Jobs'],
    summary: "List the key's jobs, newest first",
    description: 'Single ones; those of a batch are its rows.',
    request: { query: pageQuery },
    responses: {
      200: json('A page of them.', Jobs, { jobs: [succeededJob] }),
      ...problems('invalid_request', 'unavailable'),
    },
  },
  handle:
    ({ store }) =>
    async (c) => {
      const { after, limit } = parsePage('job', c.req.query('cursor'), c.req.query('limit'));
      const page = await store.list(c.get('owner'), after, limit);
      const last = page.length === limit ? page.at(-1)?.id : undefined;
      return c.json(
        {
          jobs: page.map(({ id, record }) => presentJob(id, record)),
          ...(last ? { next_cursor: last } : {}),
        },
        200,
      );
    },
};
