/** The names that a job's option `model` can have (`shared/job-options.ts`): a folder named otherwise is out of reach. */
export function isModelName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name);
}
