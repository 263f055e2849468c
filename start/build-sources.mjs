import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './run-quietly.mjs';

const SOURCE_FOLDERS = ['api', 'worker', 'shared', 'cli', 'start'];
const STAMP = '.sources-sha256';

/** Compiles the sources into dist, unless dist holds just these already. */
export async function buildSources() {
  const digest = digestOfSources();
  const stamp = join('dist', STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  console.log('Building dist.');
  // Into a folder of its own beside dist, so that nobody runs half a build and no deleted source lives on in it.
  const [fresh, old] = ['dist.new', 'dist.old'];
  const clear = () => {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
  };
  clear();
  try {
    await runQuietly('npm', ['run', '--silent', 'build', '--', '--outDir', fresh]);
    writeFileSync(join(fresh, STAMP), digest);
    if (existsSync('dist')) renameSync('dist', old);
    renameSync(fresh, 'dist');
  } finally {
    clear();
  }
}

function digestOfSources() {
  const hash = createHash('sha256');
  const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'start/build.mjs'];
  for (const path of [...settings, ...SOURCE_FOLDERS.flatMap(sourcesIn).sort()]) {
    hash.update(`${path}\0`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** @param {string} folder */
function sourcesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => join(folder, path));
}
