import type { Contestant } from '../contestant.ts';
import type { Load, Way } from '../load.ts';
import type { BenchOptions } from '../options.ts';
import type { Product } from '../product.ts';

export const JOBS = 'jobs with ?wait=';
export const CLASSIFY = 'classify';
export const ZIP = 'a batch as zip';

/** The ways through the product that are compared. */
export function waysOf(
  { port, roots }: Product,
  load: Load,
  { clients, seconds, processes }: BenchOptions,
  files: string[],
): Contestant[] {
  const images = Math.ceil(60 * processes * seconds);
  const ways: [string, Way][] = [
    [JOBS, { kind: 'wait' }],
    ['jobs polled each 20 ms', { kind: 'poll' }],
    [CLASSIFY, { kind: 'classify' }],
    [ZIP, { kind: 'zip', images }],
    ['a batch as JSON Lines', { kind: 'jsonl', images }],
  ];
  return ways.map(([name, way]) => ({
    name,
    roots,
    run: (length) => load.send({ way, port, files, clients, seconds: length }),
  }));
}
