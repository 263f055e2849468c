import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import type { Route } from '../route.ts';
import { problems } from './responses.ts';

/** The OpenAPI 3.1 document of the routes, from the schemas that also validate. */
export function openApiDocument(routes: Route[], version: string) {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description:
      'An API key. Not needed while the service is open, on the loopback address without any key.',
  });
  for (const { doc, isOperators } of routes) {
    const guarded = doc.security === undefined;
    const refusals = guarded ? problems('unauthorized', 'rate_limited') : {};
    const operators = isOperators ? problems('forbidden') : {};
    registry.registerPath({ ...doc, responses: { ...refusals, ...operators, ...doc.responses } });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Darkroom',
      version,
      description:
        'Image classification behind a job queue. Post an image, get a job, poll for its labels. Errors are problem details (RFC 9457) with a `code` from the list at [/docs/errors](/docs/errors).',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    // None is needed while the service is open.
    security: [{ key: [] }, {}],
    tags: [
      { name: 'Classify', description: 'An image in, its labels out, in one call.' },
      { name: 'Jobs', description: 'Submit now, read later: for many images, or slow ones.' },
      { name: 'Batches', description: 'A folder of pictures as one piece of work.' },
      { name: 'Models', description: 'What images are classified by.' },
      { name: 'Usage', description: 'What a key has used.' },
      {
        name: 'Dead letters',
        description:
          "What was given up after every attempt failed for no fault of its image, with its cause and its image, for as long as `DEAD_TTL` says. For operators' keys alone.",
      },
      { name: 'Health', description: 'For the orchestrator.' },
    ],
  });
}
