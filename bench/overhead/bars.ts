import { type Contestant, type Measured, midRatio } from '../contestant.ts';
import type { Bar } from '../report.ts';
import { CLASSIFY, JOBS, ZIP } from './ways.ts';

const rate = ({ imagesPerSecond }: Measured) => imagesPerSecond;

/** What the queue may cost, and its ways beside each other. */
export function overheadBars(loops: Contestant[], measured: Map<string, Measured[]>): Bar[] {
  const jobs = measured.get(JOBS);
  return [
    ...loops.map(({ name }) => ({
      what: `CPU of the ${name} ÷ that of jobs`,
      measured: midRatio(measured.get(name), jobs, ({ cpuMs }) => cpuMs),
      atLeast: 0.8,
    })),
    {
      what: 'images/s of classify ÷ jobs',
      measured: midRatio(measured.get(CLASSIFY), jobs, rate),
      atLeast: 0.95,
    },
    {
      what: 'images/s of a batch as zip ÷ jobs',
      measured: midRatio(measured.get(ZIP), jobs, rate),
      atLeast: 1.1,
    },
  ];
}

/** Beside Python's servers; none where none was measured. */
export function peerBars(
  bare: Contestant,
  peers: Contestant[],
  measured: Map<string, Measured[]>,
): Bar[] {
  if (peers.length === 0) return [];
  const all = (name: string) => peers.filter((peer) => peer.name.startsWith(name));
  const over = (first: string, name: string) =>
    Math.min(
      ...all(name).map((peer) => midRatio(measured.get(first), measured.get(peer.name), rate)),
    );
  return [
    {
      what: "images/s of the bare loop ÷ Python's",
      measured: over(bare.name, 'bare loop'),
      atLeast: 1,
    },
    { what: 'images/s of jobs ÷ Celery', measured: over(JOBS, 'Celery'), atLeast: 1.5 },
    {
      what: 'images/s of jobs ÷ the better of LitServe and BentoML',
      measured: Math.min(over(JOBS, 'LitServe'), over(JOBS, 'BentoML')),
      atLeast: 1.1,
    },
  ];
}
