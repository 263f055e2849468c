import { existsSync, readFileSync } from 'node:fs';
import { runQuietly } from './run-quietly.mjs';

/** Runs npm ci where node_modules is not what package-lock.json says. */
export async function installPackages() {
  if (packagesAreInstalled()) return;
  console.log('Installing the packages that package-lock.json names, with npm ci.');
  // Said outright, because NODE_ENV=production would leave the compiler out.
  await runQuietly('npm', ['ci', '--include=dev']);
}

/** npm writes its own lock file into node_modules when an installation has ended well. */
function packagesAreInstalled() {
  const installedFile = 'node_modules/.package-lock.json';
  if (!existsSync(installedFile)) return false;
  const { packages: installed } = JSON.parse(readFileSync(installedFile, 'utf8'));
  const { packages: wanted } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  return Object.entries(wanted).every(([path, { integrity, optional }]) => {
    if (path === '') return true;
    // Another platform's binaries are optional and not there.
    if (!installed[path]) return optional === true;
    return installed[path].integrity === integrity && existsSync(path);
  });
}
