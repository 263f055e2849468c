import { UsageError } from '../usage-error.ts';

/** What keeps the command from going on, in the server's words, or that it says nothing. Shown as it is. */
export class ServerError extends UsageError {
  /** The code of the server's problem, where it sent one. */
  readonly code: string | undefined;

  constructor(message: string, code?: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
