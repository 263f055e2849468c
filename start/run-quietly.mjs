import { spawn } from 'node:child_process';
import { SetUpError } from './set-up-error.mjs';

const KEPT_OUTPUT_CHARS = 64 * 1024;

/**
 * Runs a command to its end and keeps its output back; throws with that output when it fails.
 * A signal that this process gets meanwhile ends the command first.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<void>}
 */
export function runQuietly(command, args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-KEPT_OUTPUT_CHARS);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const passOn = (signal) => {
      child.kill(signal);
      child.once('close', () => process.kill(process.pid, signal));
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.once(signal, passOn);
    const settle = (failure) => {
      for (const signal of signals) process.off(signal, passOn);
      if (!failure) return resolve();
      reject(new SetUpError(`${output}${command} ${args.join(' ')} failed: ${failure}.`));
    };
    child.once('error', (error) => settle(error.message));
    child.once('close', (code, signal) =>
      settle(code === 0 ? '' : (signal ?? `exit code ${code}`)),
    );
  });
}
