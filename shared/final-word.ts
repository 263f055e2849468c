import type { JobRecord } from './job-record.ts';
import { parseRecordText, RECORD_TEXT_LUA } from './record-text.ts';

/** Channel on which it is published that a job or a batch has become final, at that moment. */
export const FINAL_CHANNEL = 'darkroom:final';

/**
 * Lua function that says that a job is final, and its record with it, so that who waits for it need not read it. Of one
 * that is in a batch the id alone: who waits for that waits for the batch, as a rule.
 */
export const SAY_FINAL_LUA = `${RECORD_TEXT_LUA}
  local function sayFinal(job)
    redis.call('PUBLISH', '${FINAL_CHANNEL}', job.batch and job.id or job.id .. ' ' .. recordText(job.id))
  end`;

/** The id of the job or batch that a word is about. */
export function idOfWord(word: string): string {
  const end = word.indexOf(' ');
  return end < 0 ? word : word.slice(0, end);
}

/** The record of the job that a word is about; none is said of a batch, and of a job that is in one. */
export function recordOfWord(word: string): JobRecord | undefined {
  const start = word.indexOf(' ');
  if (start < 0) return undefined;
  return parseRecordText(word.slice(start));
}
