import { expect, test } from 'vitest';
import { gatherBytes, LARGE_BYTES } from './gather-bytes.ts';

test.each([0, 5, 3 * LARGE_BYTES])(
  'gives what was added, also large, with %s announced',
  (announced) => {
    const gathering = gatherBytes(5 * LARGE_BYTES, announced);
    for (const pieces of [
      [],
      [7],
      [1, 2, 3],
      [LARGE_BYTES, 1],
      [5, 5 * LARGE_BYTES - 5],
      Array(40).fill(1e5),
    ]) {
      const parts = pieces.map((bytes: number, at: number) => Buffer.alloc(bytes, `${at}`));
      for (const part of parts) gathering.add(part);
      expect(gathering.isTooLarge).toBe(false);
      expect(gathering.take().equals(Buffer.concat(parts))).toBe(true);
    }
  },
);

test.each([10, 2 * LARGE_BYTES])('keeps no more than a limit of %s bytes, and says so', (limit) => {
  const gathering = gatherBytes(limit);
  gathering.add(Buffer.alloc(limit, 'a'));
  expect(gathering.isTooLarge).toBe(false);
  gathering.add(Buffer.from('b'));
  expect(gathering.isTooLarge).toBe(true);
  expect(gathering.take().equals(Buffer.alloc(limit, 'a'))).toBe(true);
  expect(gathering.isTooLarge).toBe(false);
});

test('gives of a large one memory that is nobody else’s', () => {
  const gathering = gatherBytes(5 * LARGE_BYTES);
  const piece = Buffer.alloc(LARGE_BYTES + 1);
  gathering.add(piece);
  gathering.take().fill(1);
  expect(piece[0]).toBe(0);
});
