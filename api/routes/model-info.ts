import { z } from 'zod';
import { json, problems } from '../openapi/responses.ts';
import type { Route } from '../route.ts';

const ModelInfo = z
  .strictObject({
    name: z.string(),
    status: z.enum(['loaded', 'no workers']),
    num_labels: z.number().int().min(0).meta({ description: '0 while no worker has told yet.' }),
  })
  .meta({ id: 'ModelInfo' });

export const modelInfo: Route = {
  doc: {
    method: 'get',
    path: '/v1/model/info',
    operationId: 'getDefaultModel',
    tags: ['Models'],
    summary: 'The default model',
    security: [],
    responses: {
      200: json('Its name, and whether a worker has it loaded.', ModelInfo, {
        name: 'efficientnet-lite0-int8',
        status: 'loaded',
        num_labels: 1000,
      }),
      ...problems('unavailable'),
    },
  },
  handle:
    ({ registered, config }) =>
    async (c) => {
      const { models } = await registered();
      const model = models.find(({ name }) => name === config.defaultModel);
      const status = model && model.workers > 0 ? 'loaded' : 'no workers';
      return c.json(
        { name: config.defaultModel, status, num_labels: model?.labels.length ?? 0 },
        200,
      );
    },
};
