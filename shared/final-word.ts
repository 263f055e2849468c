import { type JobRecord, parseJobRecord } from './job-record.ts';

/** Channel on which it is published that a job or a batch has become final, at that moment. */
export const FINAL_CHANNEL = 'darkroom:final';

/** Lua function that says that a job is final, and its record with it, so that who waits for it need not read it. */
export const SAY_FINAL_LUA = `
  local function sayFinal(job)
    redis.call('PUBLISH', '${FINAL_CHANNEL}', job.id .. ' ' .. cjson.encode(redis.call('HGETALL', job.key)))
  end`;

/** The id of the job or batch that a word is about. */
export function idOfWord(word: string): string {
  const end = word.indexOf(' ');
  return end < 0 ? word : word.slice(0, end);
}

/** The record of the job that a word is about; of a batch none is said. */
export function recordOfWord(word: string): JobRecord | undefined {
  const start = word.indexOf(' ');
  if (start < 0) return undefined;
  const namesAndValues: string[] = JSON.parse(word.slice(start));
  const fields: Record<string, string> = {};
  for (let at = 0; at < namesAndValues.length; at += 2) {
    fields[namesAndValues[at] ?? ''] = namesAndValues[at + 1] ?? '';
  }
  return parseJobRecord(fields);
}
