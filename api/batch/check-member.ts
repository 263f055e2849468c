import { expected, PublicError } from '../../shared/errors.ts';
import type { BatchItem } from './batch-item.ts';
import { failedItem } from './failed-item.ts';
import { parseItemId } from './item-id.ts';

/** A member of an archive before its bytes are read. `kind` is `file`, `directory`, or the name of what else it is. */
export interface Member {
  name: string;
  kind: string;
}

export type MemberVerdict =
  | { passedOver: true }
  | { failed: BatchItem }
  | { id: string | undefined };

/** Says by name and kind whether a member is read; a row says why not, except for what no one means to send. */
export function checkMember({ name, kind }: Member): MemberVerdict {
  if (kind === 'directory' || /[/\\]$/.test(name)) return { passedOver: true };
  let id: string | undefined;
  try {
    id = parseItemId(name);
  } catch (error) {
    if (error instanceof PublicError) return { failed: failedItem(undefined, error) };
    throw error;
  }
  const segments = name.split(/[/\\]/);
  if (/^([A-Za-z]:)?[/\\]/.test(name) || segments.includes('..')) {
    return refused(id, expected('a relative path without ..', "a member's name", name));
  }
  if (segments.some(isByTheWay)) return { passedOver: true };
  if (kind !== 'file') return refused(id, expected('a file', 'a member', kind));
  return { id };
}

/** What file managers leave in folders. A path may begin with `./`. */
function isByTheWay(segment: string): boolean {
  if (segment.startsWith('.')) return segment !== '.';
  return segment === '__MACOSX' || segment.toLowerCase() === 'thumbs.db';
}

function refused(id: string | undefined, detail: string): MemberVerdict {
  return { failed: failedItem(id, new PublicError('malformed_item', detail)) };
}
