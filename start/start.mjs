import { fileURLToPath } from 'node:url';
import { checkNode } from './check-node.mjs';
import { claimFile } from './claim-file.mjs';
import { setUp } from './set-up.mjs';
import { SetUpError } from './set-up-error.mjs';
import { watchNpm } from './watch-npm.mjs';

// npm start, and npm run dev with --watch. Plain JavaScript, because it runs before anything is installed.
const npmIsGone = watchNpm(process.env);
const watch = process.argv.includes('--watch');
const ownsRedis = !process.env.REDIS_URL?.trim() && !process.env.REDIS_URL_FILE?.trim();

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
try {
  checkNode(process.versions.node);
  if (ownsRedis) claimData();
  await setUp({ build: !watch, redisServer: ownsRedis });
  const { main } = await loadMain();
  process.exit(await main(process.env, { watch, ownsRedis, npmIsGone }));
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  process.exit(1);
}

/** Two supervisors over one ./data would end each other's Redis. */
function claimData() {
  const claim = claimFile('data/npm-start.lock');
  if (!claim.holder) return process.on('exit', claim.release);
  throw new SetUpError(
    `Darkroom is running already in this checkout (process ${claim.holder}): end that one first.`,
  );
}

async function loadMain() {
  if (!watch) return import('../dist/start/main.js');
  const { register } = await import('tsx/esm/api');
  register();
  return import('./main.ts');
}
