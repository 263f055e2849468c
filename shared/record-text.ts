import type { Redis } from 'ioredis';
import { type JobRecord, parseJobRecord } from './job-record.ts';

/**
 * Lua function that gives a job's hash as a JSON object, of which Node makes a record in less than half of the time that
 * ioredis takes for the same as forty strings.
 */
export const RECORD_TEXT_LUA = `
  local function recordText(id)
    local fields, record = redis.call('HGETALL', 'darkroom:job:' .. id), {}
    for at = 1, #fields, 2 do record[fields[at]] = fields[at + 1] end
    return cjson.encode(record)
  end`;

/** The record of such a text; undefined where there was no job. */
export function parseRecordText(text: string): JobRecord | undefined {
  return parseJobRecord(JSON.parse(text));
}

/** Makes what reads a job's record on a connection, in one command; it gives undefined where there is none. */
export function createRecordReader(redis: Redis): (id: string) => Promise<JobRecord | undefined> {
  redis.defineCommand('readRecord', {
    numberOfKeys: 0,
    lua: `${RECORD_TEXT_LUA}
      return recordText(ARGV[1])`,
  });
  const { readRecord } = redis as unknown as { readRecord(id: string): Promise<string> };
  return async (id) => parseRecordText(await readRecord.call(redis, id));
}
