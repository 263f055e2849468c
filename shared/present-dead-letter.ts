import { z } from 'zod';
import type { DeadLetter as Letter } from './dead-letters.ts';
import { Job, presentJob } from './job.ts';

const time = z.iso.datetime();

export const DeadLetter = z
  .strictObject({
    job: Job,
    owner: z.string().meta({
      description: 'The key that submitted it; empty where the service was open.',
    }),
    cause: z.string().meta({
      description:
        'What was thrown in the last attempt, with its stack. Not for whoever submitted it.',
    }),
    died_at: time,
    expires_at: time,
    links: z.strictObject({ self: z.string() }),
  })
  .meta({ id: 'DeadLetter', description: 'A job that was given up for no fault of its image.' });

export type DeadLetter = z.infer<typeof DeadLetter>;

/** The JSON of a dead letter, over HTTP and on the command line alike. */
export function presentDeadLetter({ id, record, cause, diedAt, expiresAt }: Letter): DeadLetter {
  return {
    job: presentJob(id, record),
    owner: record.owner,
    cause,
    died_at: new Date(diedAt).toISOString(),
    expires_at: new Date(expiresAt).toISOString(),
    links: { self: `/v1/dead/${id}` },
  };
}
