import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Row } from './row.ts';
import { rowFormat } from './row-format.ts';

const options = { topK: 2, pathWidth: 20 };
const cat: Row = {
  path: '=1+1, "cat"\n.jpg',
  status: 'succeeded',
  predictions: [{ label: 'tiger cat', confidence: 0.41925, index: 282 }],
};
const bad: Row = {
  path: 'bad.jpg',
  status: 'failed',
  error: { code: 'not_an_image', title: 'The bytes are not an image.' },
};

test('CSV has a row a picture, whose name is quoted and no formula', () => {
  const { head, write } = rowFormat('csv', options);
  expect(head).toBe('path,status,error_code,label,confidence,label_2,confidence_2\r\n');
  expect(write([cat, bad], true)).toBe(
    `"'=1+1, ""cat""\n.jpg",succeeded,,tiger cat,0.41925,,\r\nbad.jpg,failed,not_an_image,,,,\r\n`,
  );
  expect(write([{ ...bad, path: 'a\nb' }], false)).toMatch(/^"a\nb",/);
});

test('JSON is one array, however the rows come', () => {
  const { head, write, tail } = rowFormat('json', options);
  const portions = fc.array(fc.array(fc.constantFrom(cat, bad), { minLength: 1, maxLength: 3 }));
  fc.assert(
    fc.property(portions, (parts) => {
      const text = head + parts.map((rows, index) => write(rows, index === 0)).join('') + tail;
      expect(JSON.parse(text)).toEqual(parts.flat());
    }),
  );
});

test('JSON Lines are the rows as they are', () => {
  const text = rowFormat('jsonl', options).write([cat, bad], true);
  expect(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([cat, bad]);
});

test('the table gives what failed its code, and a name no power over the terminal', () => {
  const { head, write } = rowFormat('table', { topK: 1, pathWidth: 12 });
  const hostile = { ...cat, path: '\x1b[2Jcat\n.jpg' };
  expect(head + write([hostile, bad], true)).toBe(
    [
      'PATH          STATUS     CONFIDENCE  LABEL\n',
      '?[2Jcat?.jpg  succeeded  0.4193      tiger cat\n',
      'bad.jpg       failed     -           not_an_image\n',
    ].join(''),
  );
});
