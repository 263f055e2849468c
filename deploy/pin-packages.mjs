import { readFileSync, writeFileSync } from 'node:fs';

// Leaves in package.json and its lock file only what npm ci installs by, so that a release or a changed script
// neither installs the packages again nor makes a new layer of them to send.
const { dependencies, devDependencies, overrides, engines } = readJson('package.json');
writeJson('package.json', { dependencies, devDependencies, overrides, engines });
const lock = readJson('package-lock.json');
const { name, version, ...root } = lock.packages[''];
writeJson('package-lock.json', {
  lockfileVersion: lock.lockfileVersion,
  requires: lock.requires,
  packages: { ...lock.packages, '': root },
});

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function writeJson(path, value) {
  writeFileSync(path, JSON.stringify(value, null, 2));
}
