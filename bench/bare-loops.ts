import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { ask } from './ask.ts';
import type { Contestant, Run } from './contestant.ts';
import { sum } from './statistics.ts';

export interface BareLoops extends Contestant {
  stop(): void;
}

interface Loops {
  modelFolder: string;
  files: string[];
  /** How many at once. */
  processes: number;
}

/** Processes that only decode and infer, by the child's own code: so many images at once. */
export function startBareLoops(
  { modelFolder, files, processes }: Loops,
  group: number,
): Promise<BareLoops> {
  const settings = JSON.stringify({ modelFolder, files, group });
  const name = group > 1 ? `bare loop by ${group}` : 'bare loop';
  return startLoops(name, processes, () =>
    fork('bench/bare-loop.ts', [settings], { execArgv: ['--import', 'tsx'] }),
  );
}

/** The same in Python: Pillow and ONNX Runtime. */
export function startPythonLoops(
  python: string,
  env: NodeJS.ProcessEnv,
  { files, processes }: Loops,
): Promise<BareLoops> {
  return startLoops('bare loop in Python', processes, () =>
    spawn(python, ['bare_loop.py', ...files.map((file) => resolve(file))], {
      cwd: 'bench/peers',
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    }),
  );
}

async function startLoops(name: string, processes: number, start: () => ChildProcess) {
  const loops = await Promise.all(
    Array.from({ length: processes }, async () => {
      const loop = start();
      await once(loop, 'message');
      return loop;
    }),
  );
  return {
    name: `${name}, ${processes} processes`,
    roots: loops.map(({ pid }) => pid ?? 0),
    async run(seconds: number): Promise<Run> {
      const runs = await Promise.all(loops.map((loop) => ask<Run>(loop, { seconds })));
      const stepsMs: Record<string, number> = {};
      for (const run of runs) {
        for (const [step, ms] of Object.entries(run.stepsMs ?? {})) {
          stepsMs[step] = (stepsMs[step] ?? 0) + ms;
        }
      }
      return {
        images: sum(runs.map(({ images }) => images)),
        seconds: Math.max(...runs.map((run) => run.seconds)),
        stepsMs,
      };
    },
    stop: () => {
      for (const loop of loops) loop.kill();
    },
  };
}
