import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runQuietly } from './run-quietly.mjs';
import { SetUpError } from './set-up-error.mjs';

/** Installs redis-server where it is missing and this is Debian or Ubuntu as root; elsewhere says what to install. */
export async function installRedisServer() {
  if (isOnPath('redis-server')) return;
  if (process.getuid?.() !== 0 || !isDebianLike()) {
    throw new SetUpError(
      'redis-server is not installed. Install it (apt-get install redis-server, or brew install redis), or set ' +
        'REDIS_URL to a Redis that runs (docker run -p 6379:6379 redis:8, then REDIS_URL=redis://localhost:6379).',
    );
  }
  console.log('redis-server is not installed: installing it with apt-get.');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await runQuietly('apt-get', ['update'], env);
  await runQuietly('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], env);
  await endItsService();
}

/** The package starts a service of its own on port 6379, which nothing here uses. */
async function endItsService() {
  for (const [command, ...args] of [
    ['service', 'redis-server', 'stop'],
    ['update-rc.d', 'redis-server', 'disable'],
  ]) {
    await runQuietly(command, args).catch((error) => {
      console.log(`The service of the package redis-server was left as it is: ${error.message}`);
    });
  }
}

/** @param {string} command */
function isOnPath(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function isDebianLike() {
  if (!existsSync('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
}
