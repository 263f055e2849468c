import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PublicError } from './errors.ts';
import { optionsFromText, parseJobOptions } from './job-options.ts';

const fromText = (fields: Record<string, string>) =>
  parseJobOptions(optionsFromText(Object.entries(fields).map(([name, text]) => [name, [text]])));

test('gives what was left out its default', () => {
  expect(parseJobOptions({})).toEqual({ top_k: 5, min_confidence: 0 });
});

test('reads options that came as text', () => {
  expect(fromText({ model: '007', top_k: '07', min_confidence: '0.50' })).toEqual({
    model: '007',
    top_k: 7,
    min_confidence: 0.5,
  });
});

test("reads a number as Python's str writes it", () => {
  expect(fromText({ min_confidence: '1e-05' }).min_confidence).toBe(0.00001);
  expect(fromText({ top_k: '1e2' }).top_k).toBe(100);
});

test('takes every option within its bounds, alike as JSON and as text', () => {
  const options = fc.record({
    top_k: fc.integer({ min: 1, max: 1000 }),
    min_confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    model: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/),
  });
  fc.assert(
    fc.property(options, (given) => {
      expect(parseJobOptions(given)).toEqual(given);
      const text = {
        ...given,
        top_k: `${given.top_k}`,
        min_confidence: `${given.min_confidence}`,
      };
      expect(fromText(text)).toEqual(given);
    }),
  );
});

test('answers any JSON and any text with options or a refusal', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom('top_k', 'min_confidence', 'model', 'x', '__proto__'),
        fc.jsonValue(),
      ),
      (fields) => {
        try {
          parseJobOptions(fields);
        } catch (error) {
          expect(error).toBeInstanceOf(PublicError);
          expect(error).toHaveProperty('code', 'invalid_request');
        }
      },
    ),
  );
});

test('refuses an option that stands twice', () => {
  expect(() => parseJobOptions(optionsFromText([['top_k', ['1', '2']]]))).toThrow(
    "Expected a whole number from 1 to 1000 for top_k but received '1, 2'.",
  );
});

test('names at most three of a million unknown options', () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`x${n}`, 1]));
  expect(() => parseJobOptions(many)).toThrow(/^(Expected one of .*? 'x\d'\. ?){3}$/);
});
