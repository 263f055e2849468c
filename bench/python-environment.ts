import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const FOLDER = 'data/peers';
const REQUIREMENTS = 'bench/peers/requirements.txt';

export interface PythonEnvironment {
  /** The folder of its programs. */
  bin: string;
  env: NodeJS.ProcessEnv;
}

/** Python with the packages of the peers, in `data/peers`; made at the first run, and where the requirements change. */
export function makePythonEnvironment(modelFolder: string, processes: number): PythonEnvironment {
  const stamp = join(FOLDER, 'requirements.txt');
  const requirements = readFileSync(REQUIREMENTS, 'utf8');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== requirements) {
    console.error(`Installing the Python servers into ${FOLDER}, which takes some minutes.`);
    rmSync(FOLDER, { recursive: true, force: true });
    run('python3', ['-m', 'venv', FOLDER]);
    run(join(FOLDER, 'bin/pip'), ['install', '--quiet', '--requirement', REQUIREMENTS]);
    writeFileSync(stamp, requirements);
  }
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    MODEL_FOLDER: resolve(modelFolder),
    PROCESSES: `${processes}`,
    OMP_NUM_THREADS: '1',
    BENTOML_DO_NOT_TRACK: 'True',
    // As root, Celery refuses pickled bytes and says so in a warning.
    C_FORCE_ROOT: '1',
    PYTHONWARNINGS: 'ignore',
  };
  // Where it is set for another program it may name a processor that this is not.
  delete env.OPENBLAS_CORETYPE;
  return { bin: resolve(FOLDER, 'bin'), env };
}

function run(command: string, args: string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}.`);
}
