import { measureCounts } from './flat/batch-counts.ts';
import { type FilledQueue, fillQueue } from './flat/filled-queue.ts';
import { measureLinear } from './flat/linear-workers.ts';
import type { BenchOptions } from './options.ts';
import type { Report } from './report.ts';
import { median } from './statistics.ts';

const SHORT_QUEUE = 1_000;
const WORKERS = 64;
const BATCHES = [10, 50_000];

/** What must not grow with the queue, the workers or the batch. No image is opened: the queue's own cost is measured. */
export async function measureFlat({ queued, rounds }: BenchOptions): Promise<Report> {
  const queues = await measureQueues([SHORT_QUEUE, queued], rounds);
  const { one, many } = await measureLinear(WORKERS, rounds);
  const counts = await measureCounts(BATCHES, rounds);
  const [short, long] = queues;
  const growth = (pick: (queue: MeasuredQueue) => number) =>
    short && long ? pick(long) / pick(short) : Number.NaN;
  return {
    text: `Medians of ${rounds} rounds. CPU is that of Redis and of the process that submits or works, without HTTP and images.`,
    tables: [
      [
        [
          'jobs that wait',
          'CPU ms to submit one',
          'CPU ms to take and finish one',
          'bytes of Redis each',
        ],
        ...queues.map(({ jobs, submitMs, takeMs, bytesEach }) => [
          jobs.toLocaleString('en'),
          submitMs.toFixed(3),
          takeMs.toFixed(3),
          bytesEach.toFixed(0),
        ]),
      ],
      [
        ['workers, a job takes 100 ms', 'jobs/s'],
        ['1', one.toFixed(2)],
        [`${WORKERS}`, many.toFixed(1)],
      ],
      [
        ['images of a batch', 'ms to read its counts'],
        ...counts.map((ms, index) => [(BATCHES[index] ?? 0).toLocaleString('en'), ms.toFixed(3)]),
      ],
    ],
    bars: [
      {
        what: 'CPU of a job, long queue ÷ short',
        measured: growth(({ submitMs, takeMs }) => submitMs + takeMs),
        atMost: 1.2,
      },
      {
        what: 'memory of a job, long queue ÷ short',
        measured: growth(({ bytesEach }) => bytesEach),
        atMost: 1.2,
      },
      {
        what: `jobs/s of ${WORKERS} workers ÷ ${WORKERS} times those of one`,
        measured: many / (WORKERS * one),
        atLeast: 0.95,
      },
      {
        what: 'time to read counts, large batch ÷ small',
        measured: (counts[1] ?? Number.NaN) / (counts[0] ?? Number.NaN),
        atMost: 1.2,
      },
    ],
  };
}

interface MeasuredQueue {
  jobs: number;
  submitMs: number;
  takeMs: number;
  bytesEach: number;
}

async function measureQueues(lengths: number[], rounds: number): Promise<MeasuredQueue[]> {
  const queues: Queue[] = [];
  try {
    for (const jobs of lengths) {
      queues.push({ jobs, queue: await fillQueue(jobs), submit: [], take: [] });
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const { queue, submit, take } of queues) {
        const { submitMs, takeMs } = await queue.measure();
        submit.push(submitMs);
        take.push(takeMs);
      }
    }
  } finally {
    await Promise.all(queues.map(({ queue }) => queue.stop()));
  }
  return queues.map(({ jobs, queue, submit, take }) => ({
    jobs,
    submitMs: median(submit),
    takeMs: median(take),
    bytesEach: queue.bytesEach,
  }));
}

interface Queue {
  jobs: number;
  queue: FilledQueue;
  submit: number[];
  take: number[];
}
