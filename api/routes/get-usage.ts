import { z } from 'zod';
import { json, problems } from '../openapi/responses.ts';
import type { Route } from '../route.ts';

const count = z.number().int().min(0);

const Day = z.strictObject({
  date: z.iso.date().meta({ description: 'The day of the submissions, in UTC.' }),
  requests: count,
  images: count,
  batches: count,
  succeeded: count,
  failed: count,
  canceled: count,
});

const Usage = z
  .strictObject({
    total_requests: count.meta({
      description:
        'Submissions, refused ones too, except for the rate limit; a batch counts its images.',
    }),
    successful_requests: count.meta({ description: 'Jobs that succeeded.' }),
    success_rate: z
      .number()
      .min(0)
      .max(100)
      .meta({ description: 'Successful of all, in per cent.' }),
    avg_response_time_ms: z.number().min(0).meta({ description: 'From submission to result.' }),
    images: z.strictObject({ submitted: count, succeeded: count, failed: count, canceled: count }),
    batches: count,
    errors: z.record(z.string(), count).meta({ description: 'Refusals and failed jobs, by code.' }),
    days: z.array(Day).meta({ description: 'The last 90 days with a call, the oldest first.' }),
  })
  .meta({ id: 'Usage' });

const example: z.input<typeof Usage> = {
  total_requests: 3,
  successful_requests: 2,
  success_rate: 66.67,
  avg_response_time_ms: 21.5,
  images: { submitted: 2, succeeded: 2, failed: 0, canceled: 0 },
  batches: 0,
  errors: { not_an_image: 1 },
  days: [
    {
      date: '2025-11-16',
      requests: 3,
      images: 2,
      batches: 0,
      succeeded: 2,
      failed: 0,
      canceled: 0,
    },
  ],
};

export const getUsage: Route = {
  doc: {
    method: 'get',
    path: '/v1/usage',
    operationId: 'getUsage',
    tags: ['Usage'],
    summary: 'What the calling key has used',
    responses: { 200: json('The counts.', Usage, example), ...problems('unavailable') },
  },
  handle:
    ({ usage }) =>
    async (c) => {
      const { total, days } = await usage.read(c.get('owner'), Date.now());
      const finished = total.succeeded + total.failed;
      return c.json(
        {
          total_requests: total.requests,
          successful_requests: total.succeeded,
          success_rate: total.requests > 0 ? round((100 * total.succeeded) / total.requests) : 0,
          avg_response_time_ms: finished > 0 ? round(total.ms / finished) : 0,
          images: {
            submitted: total.images,
            succeeded: total.succeeded,
            failed: total.failed,
            canceled: total.canceled,
          },
          batches: total.batches,
          errors: total.errors,
          days: days.map(({ ms: _ms, errors: _errors, ...counts }) => counts),
        },
        200,
      );
    },
};

/** To two decimals. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}
