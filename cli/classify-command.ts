import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { parseClassifyOptions, type TypedOptions } from './classify/classify-options.ts';
import { runClassify } from './classify/run-classify.ts';

type Env = Record<string, string | undefined>;

const notes = `
Results go to stdout, all else to stderr. Exit codes: 0 all classified, 1 some failed, 2 could not run, 130 interrupted.
`;

/** `darkroom classify [paths...]`. */
export function addClassifyCommand(program: Command, env: Env): void {
  program
    .command('classify')
    .argument('[paths...]', 'files, folders, globs, or - for a list of paths on stdin')
    .option('--format <format>', 'table, jsonl, csv or json', 'table')
    .option('--model <name>', 'the model; without it, the default one of the server')
    .option('--top-k <count>', 'labels of each picture (5; in a table 1)')
    .option('--min-confidence <number>', 'leave out labels below this confidence, from 0 to 1')
    .option('--resume <file>', 'send only what FILE lacks, and add the new rows to it')
    .option('--server <url>', 'or DARKROOM_SERVER (http://localhost:3000)')
    .option('--api-key <key>', 'or DARKROOM_API_KEY, which other users of the machine do not see')
    .option('--chunk <count>', 'pictures in a batch (200)')
    .description('classify pictures')
    .addHelpText('after', notes)
    .action(async (paths: string[], typed: TypedOptions) => {
      const options = parseClassifyOptions(typed, env);
      process.exitCode = await withSignals((signal) =>
        runClassify(paths, options, {
          readInput: () => text(process.stdin),
          stdout: process.stdout,
          stderr: process.stderr,
          isDumb: env.TERM === 'dumb',
          signal,
        }),
      );
    });
}

/**
 * Runs something that the first SIGINT or SIGTERM stops, and the second ends at once, or that stops when nobody reads
 * stdout any more; resolves to the exit code, of which the shell's own are 128 and the signal's number.
 */
async function withSignals(run: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stopping = new AbortController();
  let stoppedBy = 0;
  const stop = (code: number) => {
    stoppedBy ||= code;
    stopping.abort();
  };
  process.once('SIGINT', () => stop(130));
  process.once('SIGTERM', () => stop(143));
  // Whoever writes is told of it too; without a listener it would end the process here.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => code === 'EPIPE' && stop(141));
  try {
    const code = await run(stopping.signal);
    return stoppedBy || code;
  } catch (error) {
    if (!stoppedBy) throw error;
    return stoppedBy;
  }
}
