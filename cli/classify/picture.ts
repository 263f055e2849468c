import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { type Failure, unreadable } from './row.ts';

/** A file that is to be classified. */
export interface Picture {
  /** As the user named it, or below the folder that he named. */
  path: string;
  size: number;
  mtime: string;
  /** Why it cannot be classified, where that is known without the server's rows. */
  failure?: Failure;
}

export async function lookAt(path: string): Promise<Picture> {
  try {
    const { size, mtime, ...stats } = await stat(path).then((found) => ({
      size: found.size,
      mtime: found.mtime.toISOString(),
      isFile: found.isFile(),
    }));
    // Nothing is opened yet: to open a pipe would wait for whoever writes to it.
    if (!stats.isFile) throw new Error('It is not a file');
    await access(path, constants.R_OK);
    return { path, size, mtime };
  } catch (error) {
    return { path, size: 0, mtime: '', failure: unreadable(error) };
  }
}
