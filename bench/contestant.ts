import { type ProcessUsage, processTree } from './process-usage.ts';
import { median, sum } from './statistics.ts';

/** One of those that are compared: a way through the product, a server in Python, a bare loop. */
export interface Contestant {
  name: string;
  /** Classifies pictures for about so many seconds. */
  run(seconds: number): Promise<Run>;
  /** Process ids of those whose CPU time counts, their descendants included. */
  roots: number[];
}

export interface Run {
  images: number;
  seconds: number;
  /** CPU milliseconds of each step, in all, where it tells them. */
  stepsMs?: Record<string, number>;
}

/** A run, reckoned by the image. */
export interface Measured {
  imagesPerSecond: number;
  cpuMs: number;
  cpuMsByProcess: Record<string, number>;
  stepsMs: Record<string, number>;
  /** Of the load generator, which is in no sum. */
  loadCpuMs: number;
}

/** How long each runs before it is measured: a just-in-time compiler is done with a server after some hundred images. */
const WARM_UP_SECONDS = 8;

/** And again before each round: while the others run, the kernel may let go of its pages, and the caches are theirs. */
const RETURN_SECONDS = 1;

/** Each once in every round, so that a change of the machine's speed meets them all. */
export async function compare(
  contestants: Contestant[],
  { rounds, seconds, loadPid }: { rounds: number; seconds: number; loadPid: number },
): Promise<Map<string, Measured[]>> {
  for (const { run } of contestants) await run(WARM_UP_SECONDS);
  const measured = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round += 1) {
    console.error(`round ${round + 1} of ${rounds}`);
    for (const contestant of contestants) {
      await contestant.run(RETURN_SECONDS);
      const one = await measure(contestant, seconds, loadPid);
      measured.set(contestant.name, [...(measured.get(contestant.name) ?? []), one]);
    }
  }
  return measured;
}

async function measure(
  { run, roots }: Contestant,
  seconds: number,
  loadPid: number,
): Promise<Measured> {
  const [before, loadBefore] = [processTree(roots), processTree([loadPid])];
  const result = await run(seconds);
  const byProcess = cpuBetween(before, processTree(roots));
  const each = (ms: number) => ms / result.images;
  return {
    imagesPerSecond: result.images / result.seconds,
    cpuMs: each(sum(Object.values(byProcess))),
    cpuMsByProcess: mapValues(byProcess, each),
    stepsMs: mapValues(result.stepsMs ?? {}, each),
    loadCpuMs: each(sum(Object.values(cpuBetween(loadBefore, processTree([loadPid]))))),
  };
}

/** CPU milliseconds by the processes' name. */
function cpuBetween(before: ProcessUsage[], after: ProcessUsage[]): Record<string, number> {
  const byName: Record<string, number> = {};
  for (const { pid, name, cpuMs } of after) {
    const earlier = before.find((process) => process.pid === pid)?.cpuMs ?? 0;
    byName[name] = (byName[name] ?? 0) + cpuMs - earlier;
  }
  return byName;
}

/** The median over the rounds. */
export function mid(measured: Measured[] | undefined, pick: (one: Measured) => number): number {
  return median((measured ?? []).map(pick));
}

/** The median of what two measure in the same round, the first over the second. */
export function midRatio(
  above: Measured[] | undefined,
  below: Measured[] | undefined,
  pick: (one: Measured) => number,
): number {
  return median(
    (above ?? []).flatMap((one, round) => {
      const other = below?.[round];
      return other ? [pick(one) / pick(other)] : [];
    }),
  );
}

function mapValues(record: Record<string, number>, change: (value: number) => number) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
