import { join } from 'node:path';
import { LARGEST_GROUP } from '../worker/pool/child-pool.ts';
import { startBareLoops, startPythonLoops } from './bare-loops.ts';
import { type Contestant, compare } from './contestant.ts';
import { type Load, startLoad } from './load.ts';
import type { BenchOptions } from './options.ts';
import { overheadBars, peerBars } from './overhead/bars.ts';
import { countRedisCommands } from './overhead/redis-commands.ts';
import { memoryTable, processTable, stepTable, throughputTable } from './overhead/tables.ts';
import { JOBS, waysOf } from './overhead/ways.ts';
import { startPeers } from './peer-servers.ts';
import type { Pictures } from './pictures.ts';
import { type Product, startProduct } from './product.ts';
import { makePythonEnvironment } from './python-environment.ts';
import type { Bar, Report } from './report.ts';
import { median } from './statistics.ts';

/** What the queue costs: the whole way beside the bare loop and, where asked, beside Python's servers. */
export async function measureOverhead(options: BenchOptions, pictures: Pictures): Promise<Report> {
  const { processes, rounds, seconds, clients, model } = options;
  const { files } = pictures.small;
  const loops = { modelFolder: join('models', model), files, processes };
  const load = startLoad();
  const stops: (() => void | Promise<void>)[] = [load.stop];
  try {
    const bare = await startBareLoops(loops, 1);
    stops.push(bare.stop);
    const grouped = await startBareLoops(loops, LARGEST_GROUP);
    stops.push(grouped.stop);
    const env = { WORKER_CONCURRENCY: `${processes}`, DEFAULT_MODEL: model };
    const product = await startProduct(env);
    stops.push(product.services.stop);
    const ways = waysOf(product, load, options, files);
    const peers: Contestant[] = [];
    const ours = stops.length;
    if (options.peers) {
      const python = makePythonEnvironment(loops.modelFolder, processes);
      const pythonLoops = await startPythonLoops(`${python.bin}/python`, python.env, loops);
      stops.push(pythonLoops.stop);
      const servers = await startPeers(python, processes, load, { files, clients, seconds });
      stops.push(...servers.map(({ stop }) => stop));
      peers.push(pythonLoops, ...servers);
    }
    const contestants = [bare, grouped, ...ways, ...peers];
    const measured = await compare(contestants, { rounds, seconds, loadPid: load.pid });
    // While they wait for requests they wake up 130 times a second, and a service beside them is not idle.
    for (const stop of stops.splice(ours).reverse()) await stop();
    const idle = await measureIdle(product, load, files);
    const { port, services } = product;
    const commands = await countRedisCommands(services.redis.url, () =>
      load.send({ way: { kind: 'wait' }, port, files, clients, seconds }),
    );
    return {
      text:
        `Medians of ${rounds} rounds of ${seconds} s each, ${clients} clients, ${model}, ${pictures.small.name}. ` +
        'CPU is in milliseconds an image; that of the load generator is in no sum.',
      tables: [
        throughputTable(contestants, measured),
        processTable(ways, measured),
        stepTable([grouped, bare, ...peers.slice(0, 1)], measured.get(JOBS) ?? [], measured),
        commands,
        memoryTable(product),
      ],
      bars: [...overheadBars([bare, grouped], measured), idle, ...peerBars(bare, peers, measured)],
    };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** One client, nobody else: what is added to the work itself. */
async function measureIdle({ port }: Product, load: Load, files: string[]): Promise<Bar> {
  const { overheadsMs } = await load.send({
    way: { kind: 'wait' },
    port,
    files,
    clients: 1,
    seconds: 5,
  });
  return {
    what: 'idle, p50: submit to result, less decode and inference, in ms',
    measured: median(overheadsMs),
    atMost: 5,
  };
}
