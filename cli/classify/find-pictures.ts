import { lstat, readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { UsageError } from '../usage-error.ts';

/** How names of the formats that are taken end. A file that is named itself is sent whatever its name. */
const PICTURE = /\.(jpe?g|jpe|jfif|png|webp|gif|avif|tiff?)$/i;

/**
 * The paths that arguments stand for, each once: files, folders with all below them, globs, and `-` for the list that
 * `readInput` gives. Hidden files and folders in folders are passed over, and links to folders too, which may lead
 * back. Throws a UsageError for an argument that stands for nothing; what a list names may be missing.
 */
export async function findPictures(
  args: string[],
  readInput: () => Promise<string>,
): Promise<string[]> {
  const found = new Set<string>();
  const add = async (path: string) => {
    for await (const file of filesAt(path)) found.add(file);
  };
  for (const arg of args) {
    if (arg === '-') for (const path of listed(await readInput())) await add(path);
    else for (const path of await expand(arg)) await add(path);
  }
  return [...found];
}

/** A path a line, or, as `find -print0` writes them, with a zero byte behind each. */
function listed(text: string): string[] {
  const separator = text.includes('\0') ? '\0' : /\r?\n/;
  return text.split(separator).filter((path) => path !== '');
}

async function expand(arg: string): Promise<string[]> {
  const exists = await lstat(arg).then(
    () => true,
    () => false,
  );
  if (exists) return [arg];
  const options = { onlyFiles: false, expandDirectories: false, absolute: isAbsolute(arg) };
  // Backslashes are part of a pattern, but of a Windows path too.
  const pattern = process.platform === 'win32' ? arg.replaceAll('\\', '/') : arg;
  const matches = isDynamicPattern(pattern) ? await glob(pattern, options) : [];
  if (matches.length > 0) return matches.sort();
  throw new UsageError(`Expected files, folders, globs or - but found nothing at '${arg}'.`);
}

/** The path itself, or where it is a folder the pictures below it, by name. */
async function* filesAt(path: string): AsyncGenerator<string> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) yield* picturesBelow(path);
  else yield path;
}

async function* picturesBelow(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  // A folder that cannot be read is a row that says so, as a file is.
  if (!entries) yield folder;
  for (const entry of entries?.sort(byName) ?? []) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* picturesBelow(path);
    else if (PICTURE.test(entry.name)) yield path;
  }
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}
