import type { PublicError } from '../../shared/errors.ts';
import type { BatchItem } from './batch-item.ts';

/** An item that cannot be taken, for the reason that an error tells. */
export function failedItem(id: string | undefined, { code, message }: PublicError): BatchItem {
  return { id, code, detail: message };
}
