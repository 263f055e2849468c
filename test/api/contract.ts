import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import type { Batch } from '../../api/batch/present-batch.ts';
import { type ErrorCode, errorCodes, type Problem } from '../../shared/errors.ts';
import type { Job } from '../../shared/job.ts';
import type { DeadLetter } from '../../shared/present-dead-letter.ts';

/** An answer that was found to be as the OpenAPI document says. */
export interface Answer {
  status: number;
  headers: Headers;
  body: Body;
}

/** The fields that tests look at, of whatever the document says that the body is. */
export type Body = Partial<Omit<Job, 'status'> & Omit<Problem, 'status'>> & {
  status?: string | number;
  result?: string;
  job?: Job;
  models?: { name: string; status: string; workers: number; default: boolean }[];
  workers?: { name: string }[];
  queue?: { waiting: number; active: number; limit: number };
  jobs?: Job[];
  batch?: Batch;
  batches?: Batch[];
  dead?: DeadLetter[];
  next_cursor?: string;
} & Pick<Partial<DeadLetter>, 'cause' | 'owner' | 'died_at' | 'expires_at'> &
  Pick<Partial<Batch>, 'counts' | 'retry_of' | 'images_per_second' | 'eta_seconds'>;

export type Contract = ReturnType<typeof createContract>;

interface Operation {
  responses: Record<string, { content?: Record<string, unknown> }>;
}

export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
}

/** Checks answers against an OpenAPI document: path, status, content type, body; and problems against the list. */
export function createContract(document: OpenApi) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addFormat('binary', true);
  ajv.addSchema(document, 'openapi');

  /** What is wrong with a value by the schema at a place of the document; nothing where it is right. */
  const mistakes = (place: string[], value: unknown): string | undefined => {
    const pointer = place.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
    const validate = ajv.compile({ $ref: `openapi#/${encodeURI(pointer)}` });
    return validate(value) ? undefined : ajv.errorsText(validate.errors);
  };

  return {
    mistakes,

    async check(method: string, path: string, response: Response): Promise<Answer> {
      const call = `${method} ${path} → ${response.status}`;
      const text = await response.text();
      const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
      const body = type.endsWith('json') && text ? JSON.parse(text) : text;
      expect(response.headers.get('x-request-id'), call).toMatch(/^[\w\-=]{1,255}$/);
      if (response.status >= 400 && method !== 'HEAD') checkProblem(response.status, type, body);

      const route = findRoute(document, path);
      if (!route) {
        expect(body.code, call).toBe('route_not_found');
      } else if (response.status === 405) {
        expect(response.headers.get('allow'), call).toBe(allowed(document, route).join(', '));
        expect(allowed(document, route), call).not.toContain(method);
      } else {
        const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
        const documented = document.paths[route]?.[verb]?.responses[response.status];
        expect(documented, `${call} ${text.slice(0, 300)} is documented`).toBeDefined();
        if (documented?.content && method !== 'HEAD') {
          expect(Object.keys(documented.content), call).toContain(type);
          const place = ['paths', route, verb, 'responses', String(response.status)];
          const wrong = mistakes([...place, 'content', type, 'schema'], body);
          expect(wrong, `${call} ${text.slice(0, 500)}`).toBeUndefined();
        } else {
          expect(text, call).toBe('');
        }
      }
      return { status: response.status, headers: response.headers, body };
    },
  };
}

/** Fails unless a body is a problem document of the closed list, and tells nothing of our insides. */
export function checkProblem(status: number, type: string, body: unknown): void {
  expect(type).toBe('application/problem+json');
  const { code, detail, ...rest } = body as { code: ErrorCode; detail?: string };
  expect(Object.keys(errorCodes)).toContain(code);
  expect(rest).toEqual({
    type: `/docs/errors#${code}`,
    title: errorCodes[code].title,
    status: errorCodes[code].status,
  });
  expect(status).toBe(errorCodes[code].status);
  expect(detail ?? '').not.toMatch(/node_modules|\.[jt]s:\d|\n\s+at |\/(home|work|root|usr|tmp)\//);
}

function findRoute({ paths }: OpenApi, path: string): string | undefined {
  const [plain = ''] = path.split('?');
  return Object.keys(paths).find((template) =>
    new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  );
}

function allowed({ paths }: OpenApi, route: string): string[] {
  return Object.keys(paths[route] ?? {}).flatMap((verb) =>
    verb === 'get' ? ['GET', 'HEAD'] : [verb.toUpperCase()],
  );
}
