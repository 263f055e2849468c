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
  const readText = createTextReader(redis);
  return async (id) => parseRecordText(await readText(id));
}

/** Jobs that are remembered, each by the end of its id; what is remembered of one takes 2 KB. */
const SLOTS = 1024;

/**
 * The same for jobs that are polled. While nothing of a job has changed it gives the same object as before: who polls is
 * told the same several times, and to make a record of its text, and an answer of the record, is a fifth of what a poll
 * costs.
 */
export function createPolledReader(
  redis: Redis,
): (id: string) => Promise<Readonly<JobRecord> | undefined> {
  const readText = createTextReader(redis);
  // Not a map of the last ones: V8 keeps what a map that changes all the time has held (see api/stop-server.ts).
  const slots = new Array<{ id: string; text: string; record: JobRecord } | undefined>(SLOTS);
  return async (id) => {
    const text = await readText(id);
    const slot = Number.parseInt(id.slice(-3), 16) % SLOTS;
    const last = slots[slot];
    if (last?.id === id && last.text === text) return last.record;
    const record = parseRecordText(text);
    slots[slot] = record && { id, text, record };
    return record;
  };
}

function createTextReader(redis: Redis): (id: string) => Promise<string> {
  redis.defineCommand('readRecord', {
    numberOfKeys: 0,
    lua: `${RECORD_TEXT_LUA}
      return recordText(ARGV[1])`,
  });
  const { readRecord } = redis as unknown as { readRecord(id: string): Promise<string> };
  return (id) => readRecord.call(redis, id);
}
