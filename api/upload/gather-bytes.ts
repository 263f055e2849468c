/** Bytes that are gathered in one piece, at most `limit` of them. */
export interface Gathering {
  /** Whether more came than the limit; what is over it is not kept. */
  readonly isTooLarge: boolean;
  add(chunk: Buffer): void;
  /** What was gathered, and begins anew. Of more than LARGE_BYTES, memory that is nobody else's. */
  take(): Buffer;
}

/** Below this, pieces are put together at the end; above, a second copy of them would weigh. */
export const LARGE_BYTES = 2 ** 20;
/** Memory that is not written to yet is not held, so that large steps cost little, and copies much. */
const GROWTH = 8;

export function gatherBytes(limit: number, announcedBytes = 0): Gathering {
  let parts: Buffer[] = [];
  let whole: Buffer | undefined;
  let size = 0;
  let isTooLarge = false;

  function grow(neededBytes: number): Buffer {
    const wanted = Math.max(neededBytes, announcedBytes, GROWTH * size);
    const larger = Buffer.allocUnsafeSlow(Math.min(wanted, limit));
    let at = 0;
    for (const part of whole ? [whole.subarray(0, size)] : parts) at += part.copy(larger, at);
    parts = [];
    return larger;
  }

  return {
    get isTooLarge() {
      return isTooLarge;
    },
    add(chunk) {
      const next = Math.min(limit, size + chunk.length);
      isTooLarge ||= next < size + chunk.length;
      if (!whole && next <= LARGE_BYTES) {
        parts.push(chunk.subarray(0, next - size));
      } else {
        if (!whole || next > whole.length) whole = grow(next);
        chunk.copy(whole, size);
      }
      size = next;
    },
    take() {
      const [first] = parts;
      const single = parts.length === 1 ? first : undefined;
      const taken = whole?.subarray(0, size) ?? single ?? Buffer.concat(parts, size);
      parts = [];
      whole = undefined;
      size = 0;
      isTooLarge = false;
      return taken;
    },
  };
}
