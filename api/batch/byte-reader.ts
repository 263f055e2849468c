/** Bytes in the portions that are asked for, whatever the pieces they come in. */
export interface ByteReader {
  /** The next bytes; fewer only at the end. */
  read(bytes: number): Promise<Buffer>;
  /** Hands the next bytes on as they come, and gives how many there were: fewer only at the end. */
  pass(bytes: number, to: (piece: Buffer) => void): Promise<number>;
}

export function createByteReader(pieces: AsyncGenerator<Buffer>): ByteReader {
  let held: Buffer = Buffer.alloc(0);

  async function pass(bytes: number, to: (piece: Buffer) => void): Promise<number> {
    let left = bytes;
    while (left > 0) {
      if (held.length === 0) {
        const { value, done } = await pieces.next();
        if (done) break;
        held = value;
      }
      const piece = held.subarray(0, left);
      held = held.subarray(piece.length);
      left -= piece.length;
      to(piece);
    }
    return bytes - left;
  }

  return {
    pass,
    async read(bytes) {
      const parts: Buffer[] = [];
      await pass(bytes, (part) => parts.push(part));
      const [first] = parts;
      return first && parts.length === 1 ? first : Buffer.concat(parts);
    },
  };
}
