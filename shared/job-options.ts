import { z } from 'zod';
import { expected, PublicError } from './errors.ts';
import { numberFromText } from './number-from-text.ts';

const model = wrong("a model's name", 'model');
const topK = wrong('a whole number from 1 to 1000', 'top_k');
const minConfidence = wrong('a number from 0 to 1', 'min_confidence');

/**
 * What a sender may ask of a job: the one list of options, for query, multipart, JSON and the OpenAPI document.
 * The worker reads the parsed values from the job's record.
 */
export const JobOptions = z.strictObject({
  model: z
    .string(model)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, model)
    .optional()
    .meta({
      description:
        'The model, by a name that `GET /v1/models` gives. Without it, the default model.',
      example: 'efficientnet-lite0-int8',
    }),
  top_k: z
    .number(topK)
    .int(topK)
    .min(1, topK)
    .max(1000, topK)
    .default(5)
    .meta({ description: 'How many predictions to give, best first.', example: 5 }),
  min_confidence: z
    .number(minConfidence)
    .min(0, minConfidence)
    .max(1, minConfidence)
    .default(0)
    .meta({ description: 'Leaves out predictions below this confidence.', example: 0 }),
});

export type JobOptions = z.infer<typeof JobOptions>;

/** Parses options that came as JSON values. Throws `invalid_request` with a sentence for every mistake. */
export function parseJobOptions(values: Record<string, unknown>): JobOptions {
  const result = JobOptions.safeParse(values);
  if (result.success) return result.data;
  throw new PublicError(
    'invalid_request',
    result.error.issues.map((issue) => sentence(issue)).join(' '),
  );
}

/**
 * Options as text (query parameters, form fields) as the JSON values they stand for. What is no number stays text, and
 * so does one that stands twice, which is then refused.
 */
export function optionsFromText(fields: Iterable<[string, string[]]>): Record<string, unknown> {
  const isNumber = (name: string) => name === 'top_k' || name === 'min_confidence';
  return Object.fromEntries(
    [...fields].map(([name, texts]) => {
      const text = texts.join(', ');
      return [name, (isNumber(name) ? numberFromText(text) : undefined) ?? text];
    }),
  );
}

function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.message;
  const known = Object.keys(JobOptions.shape).join(', ');
  // A body has room for a million wrong names.
  return issue.keys
    .slice(0, 3)
    .map((key) => expected(`one of ${known}`, 'an option', key))
    .join(' ');
}

function wrong(what: string, name: string) {
  return { error: ({ input }: { input?: unknown }) => expected(what, name, input) };
}
