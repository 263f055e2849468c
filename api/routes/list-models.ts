import { z } from 'zod';
import { json, problems } from '../openapi/responses.ts';
import type { Route } from '../route.ts';

const Model = z
  .strictObject({
    name: z.string(),
    task: z.literal('image-classification'),
    default: z
      .boolean()
      .meta({ description: 'Whether a job that names no model goes to this one.' }),
    status: z.enum(['loaded', 'no workers']),
    workers: z.number().int().min(0).meta({ description: 'How many workers have it loaded.' }),
    sha256: z.string().meta({ description: 'Of its `model.onnx`.' }),
    input: z
      .strictObject({ width: z.number().int(), height: z.number().int() })
      .meta({ description: 'In pixels.' }),
    num_labels: z.number().int(),
    labels: z.array(z.string()).meta({ description: "In the order of the model's output." }),
  })
  .meta({ id: 'Model' });

const Models = z.strictObject({ models: z.array(Model) }).meta({ id: 'Models' });

const example: z.input<typeof Models> = {
  models: [
    {
      name: 'cats-and-dogs',
      task: 'image-classification',
      default: true,
      status: 'loaded',
      workers: 4,
      sha256: '8cd0215acde6968d791c6be9cb17c37b8d7a65836f81de6fcaf37997bba7c2de',
      input: { width: 224, height: 224 },
      num_labels: 2,
      labels: ['cat', 'dog'],
    },
  ],
};

export const listModels: Route = {
  doc: {
    method: 'get',
    path: '/v1/models',
    operationId: 'listModels',
    tags: ['Models'],
    summary: 'List the models',
    description: 'What the workers have loaded; while none is there, what the last ones had.',
    security: [],
    responses: { 200: json('The models, by name.', Models, example), ...problems('unavailable') },
  },
  handle:
    ({ registered, config }) =>
    async (c) => {
      const { models } = await registered();
      return c.json(
        {
          models: models.map(({ name, task, sha256, input, labels, workers }) => ({
            name,
            task,
            default: name === config.defaultModel,
            status: workers > 0 ? 'loaded' : 'no workers',
            workers,
            sha256,
            input,
            num_labels: labels.length,
            labels,
          })),
        },
        200,
      );
    },
};
