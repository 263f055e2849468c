import { z } from 'zod';

/** Which part of a list is asked for; parsed by `parsePage`. */
export const pageQuery = z.object({
  cursor: z.string().optional().meta({ description: 'The `next_cursor` of the page before.' }),
  limit: z
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Entries of a page; 20 without it.' }),
});
