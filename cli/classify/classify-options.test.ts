import { expect, test } from 'vitest';
import { parseClassifyOptions, type TypedOptions } from './classify-options.ts';

test('takes the server and the key of the environment where the command line has none', () => {
  const env = { DARKROOM_SERVER: 'https://a.example/darkroom/', DARKROOM_API_KEY: 'secret\n' };
  expect(parseClassifyOptions({}, env)).toMatchObject({
    server: 'https://a.example/darkroom',
    apiKey: 'secret',
  });
  expect(parseClassifyOptions({ server: 'http://b', apiKey: 'other' }, env)).toMatchObject({
    server: 'http://b',
    apiKey: 'other',
  });
  expect(parseClassifyOptions({}, { DARKROOM_SERVER: '', DARKROOM_API_KEY: '' })).toMatchObject({
    server: 'http://localhost:3000',
    apiKey: undefined,
  });
});

test('a table shows the best label unless it is told otherwise, all else five', () => {
  const topK = (typed: TypedOptions) => parseClassifyOptions(typed, {}).topK;
  expect(topK({})).toBe(1);
  expect(topK({ topK: '3' })).toBe(3);
  expect(topK({ format: 'csv' })).toBe(5);
});

test.each([
  [{ topK: '0' }, /for top_k but received 0/],
  [{ topK: 'few' }, /for top_k but received 'few'/],
  [{ minConfidence: '2' }, /for min_confidence but received 2/],
  [{ model: '../model' }, /for model but received '..\/model'/],
  [{ format: 'xml' }, /for --format but received 'xml'/],
  [{ chunk: '0' }, /for --chunk but received '0'/],
  [{ chunk: '50001' }, /for --chunk but received '50001'/],
  [{ server: 'localhost:3000' }, /for --server but received 'localhost:3000'/],
])('refuses %j', (typed, sentence) => {
  expect(() => parseClassifyOptions(typed, {})).toThrow(sentence);
});

test('does not repeat a key that no header can carry', () => {
  expect(() => parseClassifyOptions({ apiKey: 'se cret' }, {})).toThrow(/^(?!.*cret)/);
});
