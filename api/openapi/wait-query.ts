import { z } from 'zod';

/** How long a read may be held; parsed by `parseWait`. */
export const waitQuery = z.object({
  wait: z.number().min(0).optional().meta({
    description:
      'Seconds to hold the answer until it is final; above 60 counts as 60. `Prefer: wait=10` does the same.',
    example: 10,
  }),
});
