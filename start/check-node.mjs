import { readFileSync } from 'node:fs';
import { SetUpError } from './set-up-error.mjs';

/**
 * Throws where this Node is older than package.json's engines ask for.
 * @param {string} version as in process.versions.node
 */
export function checkNode(version) {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
  const oldest = engines.node.replace('>=', '');
  const [major, minor] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor = 0] = oldest.split('.').map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SetUpError(`Expected Node ${oldest} or newer for Darkroom but received ${version}.`);
}
