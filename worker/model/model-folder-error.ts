import { expected } from '../../shared/errors.ts';

/** A model folder cannot work. The message is one line: file, field, what was expected, what stands there. */
export class ModelFolderError extends Error {
  constructor(file: string, field: string, what: string, received: unknown) {
    super(`${file}: ${expected(what, field, shown(received))}`);
    this.name = 'ModelFolderError';
  }
}

/** Why a file or folder cannot be read, by the system's code; one that is not there is `nothing`. */
export function unreadable(path: string, kind: 'file' | 'folder', error: unknown) {
  const code = error instanceof Error && 'code' in error ? error.code : error;
  const received = code === 'ENOENT' ? undefined : code;
  return new ModelFolderError(path, `the ${kind}`, `a ${kind} that can be read`, received);
}

/** Arrays and objects as JSON: what stands in a file of ours may be shown. */
function shown(value: unknown): unknown {
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  return typeof text === 'string' ? text.replaceAll(/\s+/g, ' ').trim() : text;
}
