import { buildSources } from './build-sources.mjs';
import { claimFile } from './claim-file.mjs';
import { installPackages } from './install-packages.mjs';
import { installRedisServer } from './install-redis-server.mjs';
import { SetUpError } from './set-up-error.mjs';

const LONGEST_WAIT_MS = 10 * 60_000;

/**
 * Makes a fresh clone ready to run, and does nothing where it is: packages, Redis, dist.
 * One set-up at a time in a checkout: two npm ci at once would break node_modules.
 * @param {{ build: boolean, redisServer: boolean }} wanted
 */
export async function setUp({ build, redisServer }) {
  const release = await claimTurn();
  try {
    await installPackages();
    if (redisServer) await installRedisServer();
    if (build) await buildSources();
  } finally {
    release();
  }
}

async function claimTurn() {
  const deadline = Date.now() + LONGEST_WAIT_MS;
  for (let saidSo = false; Date.now() < deadline; saidSo = true) {
    const claim = claimFile('data/set-up.lock');
    if (!claim.holder) return claim.release;
    if (!saidSo) console.log(`Waiting for the set-up that process ${claim.holder} is running.`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new SetUpError('Expected the other set-up to end within ten minutes, but it did not.');
}
