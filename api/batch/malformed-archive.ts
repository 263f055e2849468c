import { PublicError } from '../../shared/errors.ts';

export function malformedArchive(cause: unknown): PublicError {
  return new PublicError(
    'malformed_archive',
    'Expected a whole zip, tar or gzipped tar for the body but received a cut, damaged or other one.',
    { cause },
  );
}
