import { z } from 'zod';
import { json, problems } from '../openapi/responses.ts';
import type { Route } from '../route.ts';

const Welcome = z
  .strictObject({
    name: z.string(),
    version: z.string(),
    message: z.string(),
    links: z.strictObject({
      docs: z.string(),
      openapi: z.string(),
      classify: z.string(),
      jobs: z.string(),
      models: z.string(),
      usage: z.string(),
    }),
  })
  .meta({ id: 'Welcome' });

const links = {
  docs: '/docs',
  openapi: '/openapi.json',
  classify: '/v1/classify',
  jobs: '/v1/jobs',
  models: '/v1/models',
  usage: '/v1/usage',
};
const message = 'Image classification behind a job queue.';

export const welcome: Route = {
  doc: {
    method: 'get',
    path: '/v1/',
    operationId: 'welcome',
    tags: ['Classify'],
    summary: 'A welcome',
    security: [],
    responses: {
      200: json('Name, version and where to go.', Welcome, {
        name: 'darkroom',
        version: '0.1.0',
        message,
        links,
      }),
      ...problems(),
    },
  },
  handle:
    ({ version }) =>
    (c) =>
      c.json({ name: 'darkroom', version, message, links }, 200),
};
