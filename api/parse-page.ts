import { expected, PublicError } from '../shared/errors.ts';
import { idTime } from '../shared/ids.ts';

const MAX_PAGE = 100;
const DEFAULT_PAGE = 20;

/** Which part of a list is asked for: at most `limit` entries, those after an id, or of dead letters after a time. */
export interface Page {
  after: string | undefined;
  limit: number;
}

/** Parses `?cursor=` (what an answer gave as `next_cursor`) and `?limit=`. Throws `invalid_request`. */
export function parsePage(
  kind: 'job' | 'batch' | 'dead',
  cursor: string | undefined,
  limit: string | undefined,
): Page {
  const isCursor = (text: string) =>
    kind === 'dead' ? /^\d{13,15}$/.test(text) : idTime(kind, text) !== undefined;
  if (cursor !== undefined && !isCursor(cursor)) {
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
