import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { checkNode } from './check-node.mjs';
import { setUp } from './set-up.mjs';
import { SetUpError } from './set-up-error.mjs';

// npm run bench. Plain JavaScript, because it runs before anything is installed.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
try {
  checkNode(process.versions.node);
  await setUp({ build: true, redisServer: true });
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  process.exit(1);
}
const args = ['--import', 'tsx', 'bench/main.ts', ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
