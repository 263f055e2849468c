import type { ResponseConfig } from '@asteasolutions/zod-to-openapi';
import type { z } from 'zod';
import { type ErrorCode, errorCodes, problem } from '../../shared/errors.ts';
import { Problem } from '../../shared/job.ts';
import { PROBLEM_TYPE } from '../problem-response.ts';

type Headers = NonNullable<ResponseConfig['headers']>;

/** What any call may answer, whoever makes it. */
const anywhere: ErrorCode[] = ['bad_http', 'request_timeout', 'headers_too_large', 'internal'];

/** What a call that submits an image may answer. */
export const SUBMISSION_PROBLEMS = [
  'empty_body',
  'malformed_json',
  'malformed_multipart',
  'malformed_base64',
  'upload_aborted',
  'image_too_large',
  'not_an_image',
  'unsupported_image_type',
  'invalid_request',
  'unknown_model',
  'queue_full',
  'unavailable',
] as const satisfies ErrorCode[];

/** A JSON answer with an example. */
export function json<T extends z.ZodType>(
  description: string,
  schema: T,
  example: z.input<T>,
  headers?: Headers,
): ResponseConfig {
  return {
    description,
    content: { 'application/json': { schema, example } },
    ...(headers ? { headers } : {}),
  };
}

/** The answers to what can go wrong in a call, one for each status, with every code's problem as an example. */
export function problems(...codes: ErrorCode[]): Record<number, ResponseConfig> {
  const answers: Record<number, ResponseConfig> = {};
  const all = [...codes, ...anywhere];
  for (const status of new Set(all.map((code) => errorCodes[code].status))) {
    const ofStatus = all.filter((code) => errorCodes[code].status === status);
    answers[status] = {
      description: ofStatus.map((code) => `\`${code}\`: ${errorCodes[code].title}`).join(' '),
      content: {
        [PROBLEM_TYPE]: {
          schema: Problem,
          examples: Object.fromEntries(ofStatus.map((code) => [code, { value: problem(code) }])),
        },
      },
      ...(status === 429 || status === 503 ? { headers: { 'Retry-After': retryAfter } } : {}),
    };
  }
  return answers;
}

export const retryAfter = {
  description: 'Seconds to wait before the next try.',
  schema: { type: 'integer', minimum: 0 },
} as const;

export const location = {
  description: "The job's path.",
  schema: { type: 'string' },
} as const;
