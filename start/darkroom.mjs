import { Console } from 'node:console';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkNode } from './check-node.mjs';
import { setUp } from './set-up.mjs';
import { SetUpError } from './set-up-error.mjs';

// npm run darkroom: the command line, on the Redis of the npm start that runs in this checkout, or on REDIS_URL.
// Plain JavaScript, because it runs before anything is installed. Stdout is for the command's own output alone.
globalThis.console = new Console(process.stderr);

// Paths on the command line are meant from where npm was called.
const calledFrom = process.env.INIT_CWD ?? process.cwd();
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
try {
  checkNode(process.versions.node);
  const needsRedis = process.argv[2] === 'keys';
  if (needsRedis && !process.env.REDIS_URL?.trim() && !process.env.REDIS_URL_FILE?.trim()) {
    process.env.REDIS_URL = ownRedisUrl();
  }
  await setUp({ build: true, redisServer: false });
  process.chdir(calledFrom);
  await import('../dist/cli/main.js');
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  // As of the command itself: it could not run.
  process.exitCode = 2;
}

/** Where the Redis listens that npm start has started; it notes that while it runs. */
function ownRedisUrl() {
  const note = 'data/redis/running.json';
  if (!existsSync(note)) {
    throw new SetUpError(
      'No Darkroom is running in this checkout. Run npm start first, or set REDIS_URL to the Redis of one that runs elsewhere.',
    );
  }
  return `redis://127.0.0.1:${JSON.parse(readFileSync(note, 'utf8')).port}`;
}
