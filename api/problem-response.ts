import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Problem } from '../shared/errors.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** A problem as an answer, RFC 9457. Made by the context, which keeps the headers that every answer has. */
export function problemResponse(
  c: Context,
  problem: Problem,
  headers: Record<string, string> = {},
): Response {
  return c.body(JSON.stringify(problem), problem.status as ContentfulStatusCode, {
    'Content-Type': PROBLEM_TYPE,
    ...headers,
  });
}
