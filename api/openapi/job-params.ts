import { z } from 'zod';

/** The id in the path of a job's calls. */
export const jobParams = z.object({
  id: z
    .string()
    .meta({ description: "The job's id.", example: 'job_019a8c5e-7c00-7000-8000-0123456789ab' }),
});
