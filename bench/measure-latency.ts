import { type Load, type LoadResult, startLoad, type Way } from './load.ts';
import type { BenchOptions } from './options.ts';
import type { Pictures } from './pictures.ts';
import { type Product, startProduct } from './product.ts';
import type { Report, Table } from './report.ts';
import { median, percentile } from './statistics.ts';

const CLIENTS = [1, 4, 16, 64];
const WAYS = ['wait', 'poll', 'classify'] as const;
const MODELS = ['efficientnet-lite0-int8', 'efficientnet-lite0'];

interface Cell {
  row: string[];
  way: Way['kind'] & (typeof WAYS)[number];
  clients: number;
  model: string;
  files: string[];
}

/** How long a client waits for its result, by clients, ways, models and pictures. */
export async function measureLatency(options: BenchOptions, pictures: Pictures): Promise<Report> {
  const load = startLoad();
  const product = await startProduct({ WORKER_CONCURRENCY: `${options.processes}` });
  const { files } = pictures.small;
  const byClients = WAYS.flatMap((way) =>
    CLIENTS.map((clients) => ({
      row: [way, `${clients}`],
      way,
      clients,
      model: options.model,
      files,
    })),
  );
  const byPicture = MODELS.flatMap((model) =>
    Object.values(pictures).flatMap((set) =>
      [1, options.clients].map((clients) => ({
        row: [model, set.name, `${clients}`],
        way: 'wait' as const,
        clients,
        model,
        files: set.files,
      })),
    ),
  );
  try {
    return {
      text:
        `Milliseconds from the submission to the result in the client's hands, medians of ${options.rounds} rounds of ` +
        `${options.seconds} s each. wait: a job that is read with ?wait=; poll: one that is asked for each 20 ms; ` +
        'classify: one call.',
      tables: [
        await measureCells(['', 'clients'], byClients, product, load, options),
        await measureCells(['model', 'pictures', 'clients'], byPicture, product, load, options),
      ],
      bars: [],
    };
  } finally {
    load.stop();
    await product.services.stop();
  }
}

async function measureCells(
  head: string[],
  cells: Cell[],
  { port }: Product,
  load: Load,
  { rounds, seconds }: BenchOptions,
): Promise<Table> {
  const measured = new Map<Cell, LoadResult[]>(cells.map((cell) => [cell, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [cell, results] of measured) {
      const { way, clients, model, files } = cell;
      results.push(await load.send({ way: { kind: way }, port, model, files, clients, seconds }));
    }
  }
  return [
    [...head, 'images/s', 'p50', 'p99'],
    ...[...measured].map(([{ row }, results]) => {
      const mid = (pick: (result: LoadResult) => number) => median(results.map(pick)).toFixed(1);
      return [
        ...row,
        mid(({ images, seconds: length }) => images / length),
        mid(({ latenciesMs }) => percentile(latenciesMs, 0.5)),
        mid(({ latenciesMs }) => percentile(latenciesMs, 0.99)),
      ];
    }),
  ];
}
