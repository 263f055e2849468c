import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readProcess } from './read-process.mjs';

/**
 * Claims a file for as long as this process lives. Gives the living process that holds it already, else its release.
 * @param {string} path
 * @returns {{ holder: number, release?: undefined } | { holder?: undefined, release: () => void }}
 */
export function claimFile(path) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = nameOf(process.pid);
  const isMine = () => readClaim(path) === mine;
  if (!create(path, mine)) {
    const claim = readClaim(path) ?? '';
    const pid = Number.parseInt(claim, 10);
    if (pid > 0 && readProcess(pid) && claim === nameOf(pid)) return { holder: pid };
    rmSync(path, { force: true });
    create(path, mine);
  }
  if (!isMine()) return claimFile(path);
  return {
    release: () => {
      if (isMine()) rmSync(path, { force: true });
    },
  };
}

/**
 * @param {string} path
 * @param {string} claim
 */
function create(path, claim) {
  try {
    writeFileSync(path, claim, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} path */
function readClaim(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Names one process for ever, as a pid alone is given out again.
 * @param {number} pid
 */
function nameOf(pid) {
  return `${pid} ${readProcess(pid)?.start}`;
}
