import { spawn } from 'node:child_process';
import { watchNpm } from './watch-npm.mjs';

const LONGEST_END_MS = 5_000;

/**
 * Runs the tests and prints their counts as the last line; resolves to vitest's exit code.
 * They are a group of their own, so that a signal to this process ends all that they have started.
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export function runVitest(args) {
  const reporters = ['--reporter=default', '--reporter=./start/count-reporter.mjs'];
  const npmIsGone = watchNpm(process.env);
  return new Promise((resolve, reject) => {
    const vitest = spawn(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args],
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true },
    );
    const killGroup = (signal) => {
      if (vitest.exitCode === null && vitest.signalCode === null) process.kill(-vitest.pid, signal);
    };
    const stop = () => {
      killGroup('SIGTERM');
      setTimeout(killGroup, LONGEST_END_MS, 'SIGKILL').unref();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
    const orphanCheck = setInterval(() => npmIsGone() && stop(), 500);
    let counts;
    vitest.on('message', (message) => {
      counts = message;
    });
    vitest.once('error', reject);
    vitest.once('close', (code) => {
      clearInterval(orphanCheck);
      if (counts) console.log(lineOf(counts));
      resolve(code ?? 1);
    });
  });
}

/** @param {{ passed: number, failed: number, skipped: number, pending: number }} counts */
function lineOf({ passed, failed, skipped, pending }) {
  return `${passed} passed, ${failed} failed, ${skipped + pending} skipped`;
}
