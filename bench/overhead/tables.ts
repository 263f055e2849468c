import { type Contestant, type Measured, mid } from '../contestant.ts';
import { processTree } from '../process-usage.ts';
import type { Product } from '../product.ts';
import type { Table } from '../report.ts';
import { median } from '../statistics.ts';

export function throughputTable(
  contestants: Contestant[],
  measured: Map<string, Measured[]>,
): Table {
  return [
    ['', 'images/s', 'CPU', 'load generator'],
    ...contestants.map(({ name }) => {
      const all = measured.get(name);
      return [
        name,
        mid(all, ({ imagesPerSecond }) => imagesPerSecond).toFixed(1),
        mid(all, ({ cpuMs }) => cpuMs).toFixed(2),
        mid(all, ({ loadCpuMs }) => loadCpuMs).toFixed(2),
      ];
    }),
  ];
}

/** Names that the product's processes bear, and what the page calls them. */
const PROCESSES = {
  'darkroom-api': 'API',
  'redis-server': 'Redis',
  'darkroom-worker': 'worker',
  'darkroom-worker-child': 'children',
};

export function processTable(ways: Contestant[], measured: Map<string, Measured[]>): Table {
  return [
    ['CPU by process', ...Object.values(PROCESSES)],
    ...ways.map(({ name }) => [
      name,
      ...Object.keys(PROCESSES).map((process) =>
        mid(measured.get(name), ({ cpuMsByProcess }) => cpuMsByProcess[process] ?? 0).toFixed(2),
      ),
    ]),
  ];
}

/**
 * The bare loops tell their steps; what a child takes beyond them it takes to receive the image and send the outcome.
 * Where decoder and resize are one, all of it is told as `decode`.
 */
export function stepTable(
  loops: Contestant[],
  jobs: Measured[],
  measured: Map<string, Measured[]>,
): Table {
  const runs = loops.map(({ name }) => measured.get(name) ?? []);
  const bare = runs[0] ?? [];
  const steps = [...new Set(runs.flatMap((one) => Object.keys(one[0]?.stepsMs ?? {})))];
  const rest = jobs.map(
    ({ cpuMsByProcess }, round) =>
      (cpuMsByProcess['darkroom-worker-child'] ?? 0) - (bare[round]?.cpuMs ?? 0),
  );
  return [
    ['CPU by step', ...loops.map(({ name }) => name)],
    ...steps.map((step) => [
      step,
      ...runs.map((one) => mid(one, ({ stepsMs }) => stepsMs[step] ?? 0).toFixed(2)),
    ]),
    [
      'receive and send, in a child: the rest',
      median(rest).toFixed(2),
      ...runs.slice(1).map(() => ''),
    ],
  ];
}

export function memoryTable({ roots }: Product): Table {
  return [
    ['after the run', 'resident MB'],
    ...processTree(roots).map(({ name, residentMb }) => [name, residentMb.toFixed(0)]),
  ];
}
