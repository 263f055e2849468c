import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program and gives what it wrote to stdout, without spaces around it; throws with what it wrote to stderr. */
export async function run(
  program: string,
  args: string[],
  { cwd = '.' }: { cwd?: string } = {},
): Promise<string> {
  // Nothing of our own environment, since Compose takes settings from it.
  const { PATH, HOME, DOCKER_HOST } = process.env;
  const { stdout } = await execute(program, args, {
    cwd,
    env: { PATH, HOME, ...(DOCKER_HOST ? { DOCKER_HOST } : {}) },
    maxBuffer: 2 ** 28,
  });
  return stdout.trim();
}

export const docker = (...args: string[]): Promise<string> => run('docker', args);
