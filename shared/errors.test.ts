import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorCodes, expected, PublicError, problem } from './errors.ts';

const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
const [introduction = '', ...entries] = page.split(/^## /m);

test('the page on errors has the same codes in the same order', () => {
  expect(entries.map((entry) => entry.split('\n')[0])).toEqual(Object.keys(errorCodes));
});

test.each(Object.entries(errorCodes))(
  'the page on errors says of %s its status, what happened and what to do',
  (code, { status }) => {
    const entry = entries.find((text) => text.startsWith(`${code}\n`));
    expect(entry).toContain(`\nStatus ${status}.\n`);
    expect(entry).toMatch(/^\*\*What happened:\*\* [A-Z].*\.$/m);
    expect(entry).toMatch(/^\*\*What to do:\*\* [A-Z].*\.$/m);
  },
);

test("the page's example is a problem as we make them", () => {
  const example = /```json\n(.*?)```/s.exec(introduction)?.[1] ?? '';
  const { code, detail } = JSON.parse(example);
  expect(JSON.parse(example)).toEqual(problem(code, detail));
});

test('a problem has a detail only where there is one', () => {
  expect(problem('job_not_found')).toEqual({
    type: '/docs/errors#job_not_found',
    title: 'There is no such job.',
    status: 404,
    code: 'job_not_found',
  });
  expect(problem('job_not_found', 'Not here.').detail).toBe('Not here.');
});

test('a PublicError without a detail has its title as the message', () => {
  expect(new PublicError('expired').message).toBe(errorCodes.expired.title);
});

describe('a refusal', () => {
  test.each([
    ['a text', 'abc', "'abc'"],
    ['a number', 1.5, '1.5'],
    ['nothing', undefined, 'nothing'],
    ['null', null, 'null'],
    ['an array', [[]], 'an array'],
    ['an object that cannot be a text', Object.create(null), 'an object'],
    ['a long text', 'x'.repeat(1e6), `'${'x'.repeat(80)}…'`],
  ])('shows %s', (_name, received, shown) => {
    expect(expected('this', 'that', received)).toBe(
      `Expected this for that but received ${shown}.`,
    );
  });

  test('is one well-formed line that can stand in JSON, whatever was received', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary', size: 'large' })),
        (value) => {
          const sentence = expected('this', 'that', value);
          expect(sentence.length).toBeLessThan(140);
          expect(Buffer.from(sentence).toString()).toBe(sentence);
        },
      ),
    );
  });
});
