import { expected } from '../../shared/errors.ts';

/** A model folder cannot work. The message is one line: file, field, what was expected, what stands there. */
export class ModelFolderError extends Error {
  constructor(file: string, field: string, what: string, received: unknown) {
    super(`${file}: ${expected(what, field, received)}`);
    this.name = 'ModelFolderError';
  }
}
