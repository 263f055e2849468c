export type Archive = 'zip' | 'gzip' | 'tar';

/** A tar's header is a block of so many bytes, with its magic at 257 (POSIX.1-1988, and GNU's alike). */
export const ARCHIVE_HEAD_BYTES = 512;

/** Tells an archive by its first bytes, also an empty zip and one that was split and put together again. */
export function sniffArchive(head: Buffer): Archive | undefined {
  if (['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'].includes(head.toString('latin1', 0, 4)))
    return 'zip';
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head.toString('latin1', 257, 262) === 'ustar') return 'tar';
  return undefined;
}
