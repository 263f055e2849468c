import type { Contestant } from '../contestant.ts';
import type { BatchWay, Load, SingleWay } from '../load.ts';
import type { BenchOptions } from '../options.ts';
import type { Product } from '../product.ts';

export const JOBS = 'jobs with ?wait=';
export const CLASSIFY = 'classify';
export const ZIP = 'a batch as zip';

/** The ways through the product that are compared. */
export function waysOf(
  { port, roots }: Product,
  load: Load,
  { clients, processes }: BenchOptions,
  files: string[],
): Contestant[] {
  const single: [string, SingleWay][] = [
    [JOBS, { kind: 'wait' }],
    ['jobs polled each 20 ms', { kind: 'poll' }],
    [CLASSIFY, { kind: 'classify' }],
  ];
  const batches: [string, BatchWay['kind']][] = [
    [ZIP, 'zip'],
    ['a batch as tar', 'tar'],
    ['a batch as a form', 'multipart'],
    ['a batch as JSON Lines', 'jsonl'],
  ];
  return [
    ...single.map(([name, way]) => ({
      name,
      roots,
      run: (seconds: number) => load.send({ way, port, files, clients, seconds }),
    })),
    ...batches.map(([name, kind]) => {
      let perSecond = 60 * processes;
      return {
        name,
        roots,
        // As many images as it takes about so many seconds for, by the last ones.
        run: async (seconds: number) => {
          const way = { kind, images: Math.ceil(perSecond * seconds) };
          const result = await load.send({ way, port, files, clients, seconds });
          perSecond = result.images / result.seconds;
          return result;
        },
      };
    }),
  ];
}
