import { presentJob } from '../shared/job.ts';
import type { JobRecord } from '../shared/job-record.ts';

const texts = new WeakMap<Readonly<JobRecord>, string>();

/** The JSON of a job as text; made once of each record, which a poll that finds nothing new is given again. */
export function jobText(id: string, record: Readonly<JobRecord>): string {
  const known = texts.get(record);
  if (known !== undefined) return known;
  const text = JSON.stringify(presentJob(id, record));
  texts.set(record, text);
  return text;
}
