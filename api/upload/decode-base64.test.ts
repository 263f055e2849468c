import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PublicError } from '../../shared/errors.ts';
import { decodeBase64 } from './decode-base64.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);

describe('decodes what Node encodes', () => {
  test('plain, and as a data URL of any type', () => {
    fc.assert(
      fc.property(
        bytes,
        fc.constantFrom('', 'image/png', 'text/plain;charset=x'),
        (image, type) => {
          const text = image.toString('base64');
          expect(decodeBase64(text).equals(image)).toBe(true);
          expect(decodeBase64(`data:${type};base64,${text}`).equals(image)).toBe(true);
          expect(decodeBase64(`DATA:${type};BASE64,${text}`).equals(image)).toBe(true);
        },
      ),
    );
  });

  test('with white space anywhere', () => {
    fc.assert(
      fc.property(bytes, fc.infiniteStream(space), (image, spaces) => {
        const letters = [...image.toString('base64')];
        const text = letters.map((letter) => letter + spaces.next().value).join('');
        expect(decodeBase64(text).equals(image)).toBe(true);
      }),
    );
  });
});

test('takes or refuses any text, and takes none that Node would read differently', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[A-Za-z0-9+/=_\n-]{0,12}$/),
  );
  fc.assert(
    fc.property(text, (received) => {
      try {
        const plain = received.replace(/^data:[^,]*,/i, '').replaceAll(/\s/g, '');
        expect(decodeBase64(received).length).toBe(
          (plain.length / 4) * 3 - (/=*$/.exec(plain)?.[0].length ?? 0),
        );
      } catch (error) {
        expect(error).toBeInstanceOf(PublicError);
        expect(error).toHaveProperty('code', 'malformed_base64');
      }
    }),
    { numRuns: 500 },
  );
});

test('refuses 30 MB of white space and of wrong letters without taking long', {
  timeout: 5_000,
}, () => {
  expect(decodeBase64(' '.repeat(30e6)).length).toBe(0);
  expect(() => decodeBase64('-'.repeat(30e6))).toThrow(PublicError);
  expect(() => decodeBase64(`data:${';base64'.repeat(4e6)}`)).toThrow(PublicError);
  expect(() => decodeBase64(`data:;${' '.repeat(30e3)}x,`)).toThrow(PublicError);
});
