import { fileURLToPath } from 'node:url';
import { checkNode } from './check-node.mjs';
import { runVitest } from './run-vitest.mjs';
import { setUp } from './set-up.mjs';
import { SetUpError } from './set-up-error.mjs';

// npm run test:faults, with vitest's arguments. Plain JavaScript, because it runs before anything is installed.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
try {
  checkNode(process.versions.node);
  await setUp({ build: true, redisServer: true });
  const args = ['--config', 'test/faults/vitest.config.ts', ...process.argv.slice(2)];
  process.exitCode = await runVitest(args);
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  process.exit(1);
}
