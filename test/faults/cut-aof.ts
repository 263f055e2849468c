import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

/** Cuts off the end of the AOF of a Redis that does not run, from the first place where a text stands: what a power cut does. */
export function cutAof(redisDir: string, from: string): void {
  const dir = join(redisDir, 'appendonlydir');
  const newest = readdirSync(dir)
    .filter((name) => name.endsWith('.incr.aof'))
    .sort()
    .at(-1);
  if (!newest) throw new Error(`Expected an AOF in ${dir}.`);
  const file = join(dir, newest);
  const place = readFileSync(file).indexOf(from);
  if (place < 0) throw new Error(`Expected '${from}' in the AOF.`);
  truncateSync(file, place);
}
