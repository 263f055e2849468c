import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { listenOnce } from '../start/listen-once.ts';
import { memorySettings } from '../start/memory-settings.ts';
import { getRequest, openClient, postRequest } from './http-client.ts';
import type { BenchOptions } from './options.ts';
import type { Pictures } from './pictures.ts';
import { processTree } from './process-usage.ts';
import { type Product, startProduct } from './product.ts';
import type { Report } from './report.ts';
import { median, sum } from './statistics.ts';
import { waitForAnswer } from './wait-for-answer.ts';

interface Started {
  ms: number;
  /** Of the process and its children. */
  residentMb: number;
}

/** How long the API and a worker need from the start of their process until they are of use. */
export async function measureStart(options: BenchOptions, pictures: Pictures): Promise<Report> {
  const image = readFileSync(pictures.small.files[0] ?? '');
  const product = await startProduct({ WORKER_CONCURRENCY: `${options.processes}` }, 0);
  const [apis, workers]: [Started[], Started[]] = [[], []];
  try {
    for (let round = 0; round < options.rounds; round += 1) {
      apis.push(await startApi(product));
      workers.push(await startWorker(product, image));
    }
  } finally {
    await product.services.stop();
  }
  const seconds = (all: Started[]) => median(all.map(({ ms }) => ms)) / 1000;
  const megabytes = (all: Started[]) => median(all.map((one) => one.residentMb)).toFixed(0);
  return {
    text: `Medians of ${options.rounds} starts of each, one at a time.`,
    tables: [
      [
        ['', 'seconds until it is of use', 'resident MB then'],
        ['API', seconds(apis).toFixed(2), megabytes(apis)],
        [`worker, ${options.processes} children`, seconds(workers).toFixed(2), megabytes(workers)],
      ],
    ],
    bars: [
      { what: 'API: start to its first answer, s', measured: seconds(apis), atMost: 0.7 },
      { what: 'worker: start to its first job, s', measured: seconds(workers), atMost: 1.5 },
    ],
  };
}

/** Starts a second API on the same Redis and asks it until it answers. */
async function startApi({ services }: Product): Promise<Started> {
  const port = await listenOnce('127.0.0.1', 0);
  const startedAt = performance.now();
  const api = fork('dist/api/main.js', [], {
    env: { ...process.env, ...memorySettings.env, REDIS_URL: services.redis.url, PORT: `${port}` },
    execArgv: memorySettings.flags,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await waitForAnswer(port);
  return { ms: performance.now() - startedAt, residentMb: await endAndWeigh(api) };
}

/** A job waits already; the worker's own record tells when it began. */
async function startWorker({ services, port }: Product, image: Buffer): Promise<Started> {
  const client = await openClient(port);
  const { links } = JSON.parse(await client.send(postRequest('/v1/jobs', image)));
  const startedAt = Date.now();
  const worker = await services.addWorker();
  const job = JSON.parse(await client.send(getRequest(`${links.self}?wait=60`)));
  client.close();
  return { ms: Date.parse(job.started_at) - startedAt, residentMb: await endAndWeigh(worker) };
}

async function endAndWeigh(child: ChildProcess): Promise<number> {
  const residentMb = sum(processTree([child.pid ?? 0]).map((process) => process.residentMb));
  child.kill('SIGTERM');
  await once(child, 'exit');
  return residentMb;
}
