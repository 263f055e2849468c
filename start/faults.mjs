import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkNode } from './check-node.mjs';
import { runVitest } from './run-vitest.mjs';
import { setUp } from './set-up.mjs';
import { SetUpError } from './set-up-error.mjs';

// npm run test:faults, with vitest's arguments; --chaos JOBS [--seed N] or --soak MINUTES for that alone.
// Plain JavaScript, because it runs before anything is installed.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
try {
  checkNode(process.versions.node);
  await setUp({ build: true, redisServer: true });
  process.exitCode = await runVitest(['--config', 'test/faults/vitest.config.ts', ...wanted()]);
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  process.exit(1);
}

/** What vitest is to run, with the numbers that its tests read from the environment. */
function wanted() {
  const args = process.argv.slice(2);
  if (!/^--(chaos|soak)/.test(args[0] ?? '')) return args;
  const string = { type: 'string' };
  const { values } = parseArgs({ args, options: { chaos: string, seed: string, soak: string } });
  if (values.seed) process.env.CHAOS_SEED = values.seed;
  if (values.chaos) process.env.CHAOS_JOBS = values.chaos;
  if (values.soak) process.env.SOAK_MINUTES = values.soak;
  return [...(values.chaos ? ['faults/chaos'] : []), ...(values.soak ? ['faults/soak'] : [])];
}
