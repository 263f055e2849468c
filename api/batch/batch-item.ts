import type { ErrorCode } from '../../shared/errors.ts';

/** One item of a batch as it came: the image's bytes, or why there are none. */
export type BatchItem = {
  /** The sender's id, or the file's name (in an archive its full path); undefined where there is neither. */
  id: string | undefined;
  /** Options beside the item, as JSON values that are not parsed yet. */
  options?: Record<string, unknown>;
} & ({ image: Buffer } | { code: ErrorCode; detail: string });

/**
 * The items of one upload, read as they are asked for, so that what is not wanted yet stays in the connection.
 * Throws a PublicError where the rest cannot be read.
 */
export type BatchItems = AsyncIterable<BatchItem>;

export interface BatchForm {
  items: BatchItems;
  /** Options of the whole batch that came beside the images, as JSON values; complete when `items` has ended. */
  options: Record<string, unknown>;
}

/** The form of an upload. */
export interface UploadForm extends BatchForm {
  /** Ends `items` where more bytes are waited for. */
  stop(): void;
}
