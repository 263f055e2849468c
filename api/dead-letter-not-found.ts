import { PublicError } from '../shared/errors.ts';

export function deadLetterNotFound(): PublicError {
  return new PublicError('dead_letter_not_found', 'Expected the id of a job that was given up.');
}
