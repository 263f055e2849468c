import { expected, PublicError } from '../shared/errors.ts';
import { idTime } from '../shared/ids.ts';

const MAX_PAGE = 100;
const DEFAULT_PAGE = 20;

/** Which part of a list is asked for: at most `limit` entries, those after an id. */
export interface Page {
  after: string | undefined;
  limit: number;
}

/** Parses `?cursor=` (the id that an answer gave as `next_cursor`) and `?limit=`. Throws `invalid_request`. */
export function parsePage(
  kind: 'job' | 'batch',
  cursor: string | undefined,
  limit: string | undefined,
): Page {
  if (cursor !== undefined && idTime(kind, cursor) === undefined) {
    throw new PublicError(
      'invalid_request',
      expected('the next_cursor of an earlier answer', 'cursor', cursor),
    );
  }
  const count =
    limit === undefined ? DEFAULT_PAGE : Number(/^\d{1,3}$/.test(limit) ? limit : Number.NaN);
  if (!(count >= 1 && count <= MAX_PAGE)) {
    throw new PublicError(
      'invalid_request',
      expected(`a whole number from 1 to ${MAX_PAGE}`, 'limit', limit),
    );
  }
  return { after: cursor, limit: count };
}
