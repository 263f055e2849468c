import { basename } from 'node:path';
import { readProcess } from './read-process.mjs';

/**
 * Whether the npm that runs this process is gone: it may be killed without a word to us. False for ever where no
 * npm runs us: then an end of the parent means nothing, as with `node start/start.mjs &`.
 * @param {NodeJS.ProcessEnv} env
 * @returns {() => boolean}
 */
export function watchNpm(env) {
  if (!env.npm_lifecycle_event) return () => false;
  const parent = process.ppid;
  const found = readProcess(parent);
  // npm runs a script by sh -c, and some shells stay between the two.
  const shellIsBetween = found && /^-?(ba|da|z|k)?sh$/.test(basename(found.command));
  return () =>
    process.ppid !== parent || (shellIsBetween && readProcess(parent)?.parent !== found.parent);
}
