import { fileURLToPath } from 'node:url';
import { checkNode } from './check-node.mjs';
import { runVitest } from './run-vitest.mjs';
import { setUp } from './set-up.mjs';
import { SetUpError } from './set-up-error.mjs';

// npm test, with vitest's arguments. Plain JavaScript, because it runs before anything is installed.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
try {
  checkNode(process.versions.node);
  await setUp({ build: true, redisServer: true });
  process.exitCode = await runVitest(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  process.exit(1);
}
