import { z } from 'zod';

/** The id in the path of a batch's calls. */
export const batchParams = z.object({
  id: z.string().meta({
    description: "The batch's id.",
    example: 'batch_019a8c5e-7c00-7000-8000-0123456789ab',
  }),
});
