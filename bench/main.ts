import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServices } from '../test/start-services.ts';
import { sendLoad } from './load.ts';
import { type ProcessUsage, processTree } from './process-usage.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    images: { type: 'string', default: '400' },
    clients: { type: 'string', default: '16' },
    /** A folder of pictures instead of the four that the project holds. */
    pictures: { type: 'string', default: 'test/pictures' },
  },
});
const [rounds, count, clients] = [values.rounds, values.images, values.clients].map(Number) as [
  number,
  number,
  number,
];
const cores = availableParallelism();
const model = 'efficientnet-lite0-int8';
const pictures = readdirSync(values.pictures)
  .filter((name) => /\.jpe?g$/i.test(name))
  .map((name) => join(values.pictures, name));
const images = pictures.map((file) => readFileSync(file));

const loops = await Promise.all(Array.from({ length: cores }, startLoop));
const services = await startServices({
  // A line a request and a job is part of the cost, and so is the disk under Redis.
  env: { WORKER_CONCURRENCY: `${cores}`, LOG_LEVEL: 'info' },
  redisArgs: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
});
const servicePids = [services.redis.process, ...services.processes].map(pidOf);
try {
  await measure();
} finally {
  await services.stop();
  for (const loop of loops) loop.kill();
}

interface Round {
  bareRate: number;
  bareCpuMs: number;
  rate: number;
  cpuMs: number;
  p50Ms: number;
  cpuByName: Map<string, number>;
}

async function measure(): Promise<void> {
  await sendLoad(services.url, images, count / 2, clients);
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round += 1) measured.push(await measureRound());
  const mid = (pick: (round: Round) => number) => median(measured.map(pick));
  const names = [...(measured[0]?.cpuByName.keys() ?? [])];
  const memory = processTree(servicePids);

  console.log(
    `\n${cores} cores (${cpus()[0]?.model}), Node ${process.version}, ${model}, ${pictures.length} pictures, ` +
      `medians of ${rounds} rounds of ${count} images, ${clients} clients\n`,
  );
  printTable([
    ['', 'images/s', 'CPU ms an image'],
    [
      `bare loop, ${cores} processes`,
      fixed(mid(({ bareRate }) => bareRate)),
      fixed(
        mid(({ bareCpuMs }) => bareCpuMs),
        2,
      ),
    ],
    [
      'the whole way',
      fixed(mid(({ rate }) => rate)),
      fixed(
        mid(({ cpuMs }) => cpuMs),
        2,
      ),
    ],
    ...names.map((name) => [
      `  ${name}`,
      '',
      fixed(
        mid(({ cpuByName }) => cpuByName.get(name) ?? 0),
        2,
      ),
    ]),
    [
      'bare CPU ÷ whole CPU',
      '',
      fixed(
        mid(({ bareCpuMs, cpuMs }) => bareCpuMs / cpuMs),
        2,
      ),
    ],
  ]);
  console.log(
    `\np50 at one client, submit to result: ${fixed(
      mid(({ p50Ms }) => p50Ms),
      1,
    )} ms\n`,
  );
  printTable([
    ['process', 'resident MB'],
    ...memory.map(({ name, residentMb }) => [name, fixed(residentMb)]),
  ]);
}

/** One after the other in every round, so that a change of the machine's speed meets both. */
async function measureRound(): Promise<Round> {
  const share = Math.ceil(count / loops.length);
  const loopsBefore = processTree(loops.map(pidOf));
  const times = await Promise.all(loops.map((loop) => runLoop(loop, share)));
  const loopCpuMs = totalCpuMs(processTree(loops.map(pidOf))) - totalCpuMs(loopsBefore);

  const before = processTree(servicePids);
  const { seconds } = await sendLoad(services.url, images, count, clients);
  const cpuByName = cpuBetween(before, processTree(servicePids), count);
  const { latenciesMs } = await sendLoad(services.url, images, 50, 1);
  return {
    bareRate: (share * loops.length * 1000) / Math.max(...times),
    bareCpuMs: loopCpuMs / (share * loops.length),
    rate: count / seconds,
    cpuMs: [...cpuByName.values()].reduce((sum, ms) => sum + ms, 0),
    p50Ms: median(latenciesMs),
    cpuByName,
  };
}

async function startLoop(): Promise<ChildProcess> {
  const settings = JSON.stringify({ modelFolder: join('models', model), pictures });
  const loop = fork('bench/bare-loop.ts', [settings], { execArgv: ['--import', 'tsx'] });
  await once(loop, 'message');
  return loop;
}

async function runLoop(loop: ChildProcess, images: number): Promise<number> {
  const answer = once(loop, 'message');
  loop.send(images);
  const [ms] = await answer;
  return ms;
}

function cpuBetween(
  before: ProcessUsage[],
  after: ProcessUsage[],
  images: number,
): Map<string, number> {
  const byName = new Map<string, number>();
  for (const { pid, name, cpuMs } of after) {
    const earlier = before.find((process) => process.pid === pid)?.cpuMs ?? 0;
    byName.set(name, (byName.get(name) ?? 0) + (cpuMs - earlier) / images);
  }
  return byName;
}

function totalCpuMs(processes: ProcessUsage[]): number {
  return processes.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

function pidOf({ pid }: ChildProcess): number {
  return pid ?? 0;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function fixed(value: number, places = 0): string {
  return value.toFixed(places);
}

function printTable(rows: string[][]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of rows) {
    console.log(
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    );
  }
}
