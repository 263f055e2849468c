import { z } from 'zod';

/** The header by which a call that makes something may be tried again. */
export const idempotencyHeaders = z.object({
  'Idempotency-Key': z.string().min(1).max(255).optional().meta({
    description:
      'A second try with the same key, body and options finds what the first one made, for a day.',
  }),
});

export const replayed = {
  description: '`true` on the answer to a second try with the same Idempotency-Key.',
  schema: { type: 'string' },
} as const;
