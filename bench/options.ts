import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

/** What a run of the benchmark is told on its command line. */
export interface BenchOptions {
  /** The sections to run. */
  only: string[];
  rounds: number;
  /** Length of one measurement. */
  seconds: number;
  clients: number;
  /** Processes that classify: as many as cores. */
  processes: number;
  model: string;
  /** A folder of JPEGs instead of the project's own. */
  pictures: string | undefined;
  /** Whether the Python servers are measured beside. */
  peers: boolean;
  /** How many jobs wait in the long queue of `flat`. */
  queued: number;
  /** A page into which the results go, between its comments. */
  write: string | undefined;
}

export function parseOptions(args: string[], sections: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: 'overhead,latency,start,http' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      clients: { type: 'string', default: '16' },
      model: { type: 'string', default: 'efficientnet-lite0-int8' },
      pictures: { type: 'string' },
      peers: { type: 'boolean', default: false },
      queued: { type: 'string', default: '1000000' },
      write: { type: 'string' },
    },
  });
  const only = values.only.split(',');
  const unknown = only.find((name) => !sections.includes(name));
  if (unknown !== undefined) {
    throw new Error(`Expected ${sections.join(', ')} for --only but received '${unknown}'.`);
  }
  return {
    only,
    rounds: positive('--rounds', values.rounds),
    seconds: positive('--seconds', values.seconds),
    clients: positive('--clients', values.clients),
    processes: availableParallelism(),
    model: values.model,
    pictures: values.pictures,
    peers: values.peers,
    queued: positive('--queued', values.queued),
    write: values.write,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`Expected a number above 0 for ${name} but received '${text}'.`);
}
