import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { startStandInWorker } from '../test/stand-in-worker.ts';
import { type Contestant, compare, mid, midRatio } from './contestant.ts';
import { getRequest, openClient, postRequest } from './http-client.ts';
import { type SingleWay, startLoad } from './load.ts';
import type { BenchOptions } from './options.ts';
import type { Pictures } from './pictures.ts';
import { startProduct } from './product.ts';
import type { Report } from './report.ts';

/** Submissions and polls beside a bare Hono handler with one Redis command of the same size; no image is opened. */
export async function measureHttp(
  { rounds, seconds, clients }: BenchOptions,
  pictures: Pictures,
): Promise<Report> {
  const { files } = pictures.small;
  const { services, port } = await startProduct(
    { QUEUE_BYTES_LIMIT: '64GiB', QUEUE_LIMIT: '1000000' },
    0,
  );
  const redis = new Redis(services.redis.url);
  const load = startLoad();
  const bare = await startBareHandler(services.redis.url);
  const api = { port, pid: services.processes[0]?.pid ?? 0 };

  const contestant = (
    name: string,
    { port, pid }: { port: number; pid: number },
    prepare: () => Promise<SingleWay>,
  ): Contestant => ({
    name,
    roots: [pid],
    async run(length) {
      const way = await prepare();
      const result = await load.send({ way, port, files, clients, seconds: length });
      await redis.flushall();
      return result;
    },
  });
  const finishJob = () => finishOneJob(services.redis.url, api.port, readFileSync(files[0] ?? ''));
  const contestants = [
    contestant('bare handler, SET', bare, async () => ({
      kind: 'post',
      path: '/',
      expected: 'key',
    })),
    contestant('submit', api, async () => ({ kind: 'post', path: '/v1/jobs', expected: 'queued' })),
    contestant('bare handler, GET', bare, async () => {
      await redis.set('bare:job', (await finishJob()).json);
      return { kind: 'get', path: '/bare:job', expected: 'succeeded' };
    }),
    contestant('poll', api, async () => ({
      kind: 'get',
      path: (await finishJob()).path,
      expected: 'succeeded',
    })),
  ] as const;
  try {
    const measured = await compare([...contestants], { rounds, seconds, loadPid: load.pid });
    const [set, submit, get, poll] = contestants.map(({ name }) => measured.get(name));
    const rate = ({ imagesPerSecond }: { imagesPerSecond: number }) => imagesPerSecond;
    return {
      text:
        `Medians of ${rounds} rounds of ${seconds} s each, ${clients} clients, ${pictures.small.name}. ` +
        'CPU is that of the process that serves, in milliseconds a request.',
      tables: [
        [
          ['', 'requests/s', 'CPU'],
          ...contestants.map(({ name }) => [
            name,
            mid(measured.get(name), rate).toFixed(0),
            mid(measured.get(name), ({ cpuMs }) => cpuMs).toFixed(3),
          ]),
        ],
      ],
      bars: [
        { what: 'submit ÷ bare handler', measured: midRatio(submit, set, rate), atLeast: 0.5 },
        { what: 'poll ÷ bare handler', measured: midRatio(poll, get, rate), atLeast: 0.5 },
      ],
    };
  } finally {
    bare.child.kill();
    load.stop();
    redis.disconnect();
    await services.stop();
  }
}

async function startBareHandler(
  redisUrl: string,
): Promise<{ child: ChildProcess; pid: number; port: number }> {
  const child = fork('bench/bare-handler.ts', [redisUrl], { execArgv: ['--import', 'tsx'] });
  const [port] = (await once(child, 'message')) as [number];
  return { child, pid: child.pid ?? 0, port };
}

async function finishOneJob(
  redisUrl: string,
  port: number,
  image: Buffer,
): Promise<{ path: string; json: string }> {
  const worker = startStandInWorker(redisUrl);
  const client = await openClient(port);
  try {
    const { links } = JSON.parse(await client.send(postRequest('/v1/jobs', image)));
    const json = await client.send(getRequest(`${links.self}?wait=60`));
    return { path: links.self, json };
  } finally {
    client.close();
    await worker.stop();
  }
}
