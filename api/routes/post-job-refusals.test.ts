import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { firstBytes } from '../../test/image-bytes.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';

let redis: TestRedis;
let api: StartedApi;

beforeAll(async () => {
  redis = await startRedis();
  api = await startApi({ redisUrl: redis.url });
});

afterAll(async () => {
  expect(await api.queue.counts()).toEqual({ waiting: 0, active: 0 });
  await api.stop();
  await redis.stop();
});

type Refusal = [name: string, code: string, init: RequestInit, query?: string];

const base64 = firstBytes.png.toString('base64');
const multipart = { 'Content-Type': 'multipart/form-data; boundary=b' };

function raw(body: string | Buffer): RequestInit {
  return { body: typeof body === 'string' ? Buffer.from(body, 'latin1') : body };
}

function json(text: string | Buffer): RequestInit {
  return { body: text, headers: { 'Content-Type': 'application/json' } };
}

/** A multipart body of parts, each with its headers; `end` closes it. */
function parts(all: [header: string, body: string][], end = '--b--\r\n'): RequestInit {
  const text = all.map(([header, body]) => `--b\r\n${header}\r\n\r\n${body}\r\n`).join('');
  return { body: Buffer.from(text + end, 'latin1'), headers: multipart };
}

const image = 'Content-Disposition: form-data; name="image"; filename="a.png"';
const field = (name: string) => `Content-Disposition: form-data; name="${name}"`;
const png = firstBytes.png.toString('latin1');
const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

const refusals: Record<string, Refusal[]> = {
  'what cannot be parsed': [
    ['no body', 'empty_body', {}],
    ['an empty body', 'empty_body', raw('')],
    ['an empty JSON body', 'empty_body', json('')],
    ['JSON that is cut off', 'malformed_json', json('{"image": "')],
    ['JSON with invalid UTF-8', 'malformed_json', json(Buffer.from('7b2261223a22ff227d', 'hex'))],
    ['arrays in arrays without end', 'malformed_json', json('['.repeat(1_000_000))],
    ['a bad letter in base64', 'malformed_base64', json('{"image": "ab*d"}')],
    ['base64 for URLs', 'malformed_base64', json('{"image": "ab-_"}')],
    ['base64 without its padding', 'malformed_base64', json('{"image": "abcde"}')],
    ['base64 with padding inside', 'malformed_base64', json('{"image": "ab==abcd"}')],
    ['nothing but padding', 'malformed_base64', json('{"image": "===="}')],
    ['a data URL that is not base64', 'malformed_base64', json('{"image": "data:,hello"}')],
    ['a data URL without a comma', 'malformed_base64', json('{"image": "data:image/png;base64"}')],
    ['an empty text for the image', 'empty_body', json('{"image": ""}')],
    [
      'multipart without a boundary',
      'malformed_multipart',
      { ...parts([[image, png]]), headers: { 'Content-Type': 'multipart/form-data' } },
    ],
    ['multipart without an end', 'malformed_multipart', parts([[image, png]], '')],
    ['multipart with another boundary', 'malformed_multipart', { headers: multipart, body: '--c' }],
    ['multipart that is empty', 'malformed_multipart', { headers: multipart, body: '' }],
    ['multipart without an image', 'empty_body', parts([[field('top_k'), '3']])],
    ['multipart with an empty image', 'empty_body', parts([[image, '']])],
    ['multipart without any part', 'empty_body', parts([])],
  ],
  'what is not taken': [
    ['bytes that are nothing', 'not_an_image', raw('hello, world')],
    ['one byte', 'not_an_image', raw('\xff')],
    ['a text in multipart', 'not_an_image', parts([[image, 'hello']])],
    ['a text in base64', 'not_an_image', json('{"image": "aGVsbG8="}')],
    ['SVG', 'unsupported_image_type', raw('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['SVG after a prologue', 'unsupported_image_type', raw('<?xml version="1.0"?>\n<!-- --><svg>')],
    ['HTML', 'unsupported_image_type', raw('<!DOCTYPE html><p>')],
    ['PDF', 'unsupported_image_type', raw('%PDF-1.7')],
    ['HEIC', 'unsupported_image_type', raw('\0\0\0\x18ftypheic\0\0\0\0mif1heic')],
    ['BMP', 'unsupported_image_type', raw('BM\x46\0\0\0\0\0\0\0\x36\0\0\0')],
    ['ICO', 'unsupported_image_type', raw('\0\0\x01\0\x01\0')],
    ['PostScript', 'unsupported_image_type', raw('%!PS-Adobe-3.0')],
    ['JPEG XL', 'unsupported_image_type', raw('\0\0\0\x0cJXL \r\n\x87\n')],
    ['a ZIP', 'unsupported_image_type', raw('PK\x03\x04')],
    ['a film', 'unsupported_image_type', raw('\0\0\0\x18ftypisom\0\0\0\0isommp42')],
  ],
  'what parses and is wrong': [
    ['JSON that is an array', 'invalid_request', json('[]')],
    ['JSON that is null', 'invalid_request', json('null')],
    ['JSON that is a number', 'invalid_request', json('1')],
    ['JSON without an image', 'invalid_request', json('{}')],
    ['an image that is a number', 'invalid_request', json('{"image": 1}')],
    ['an image that is null', 'invalid_request', json('{"image": null}')],
    ['an image that is deeply nested', 'invalid_request', json(`{"image": ${nested}}`)],
    ['a file name that is a number', 'invalid_request', json(`{"image": "", "filename": 1}`)],
    ['an unknown field', 'invalid_request', json(`{"image": "${base64}", "colour": 1}`)],
    ['__proto__', 'invalid_request', json(`{"image": "${base64}", "__proto__": {"top_k": 1}}`)],
    [
      'a deeply nested option',
      'invalid_request',
      json(`{"image": "${base64}", "top_k": ${nested}}`),
    ],
    [
      'an option that cannot be a text',
      'invalid_request',
      json(`{"image": "${base64}", "top_k": {"toString": 1}}`),
    ],
    ['a null option', 'invalid_request', json(`{"image": "${base64}", "top_k": null}`)],
    ['a number in a text', 'invalid_request', json(`{"image": "${base64}", "top_k": "5"}`)],
    [
      'two images',
      'invalid_request',
      parts([
        [image, png],
        [image, png],
      ]),
    ],
    ['a file in another field', 'invalid_request', parts([[image.replace('image', 'file'), png]])],
    [
      'an unknown form field',
      'invalid_request',
      parts([
        [image, png],
        [field('colour'), '1'],
      ]),
    ],
    [
      'an option twice',
      'invalid_request',
      parts([
        [image, png],
        [field('top_k'), '1'],
        [field('top_k'), '2'],
      ]),
    ],
    [
      'a long form field',
      'invalid_request',
      parts([
        [image, png],
        [field('model'), 'a'.repeat(2000)],
      ]),
    ],
    [
      'too many form fields',
      'invalid_request',
      parts([
        [image, png],
        ...Array.from({ length: 40 }, (): [string, string] => [field('top_k'), '1']),
      ]),
    ],
    ['top_k=0', 'invalid_request', raw(png), 'top_k=0'],
    ['top_k=1001', 'invalid_request', raw(png), 'top_k=1001'],
    ['top_k=1.5', 'invalid_request', raw(png), 'top_k=1.5'],
    ['top_k=-1', 'invalid_request', raw(png), 'top_k=-1'],
    ['top_k=1e999', 'invalid_request', raw(png), 'top_k=1e999'],
    ['top_k=0x5', 'invalid_request', raw(png), 'top_k=0x5'],
    ['top_k= with nothing', 'invalid_request', raw(png), 'top_k='],
    ['top_k twice', 'invalid_request', raw(png), 'top_k=1&top_k=2'],
    ['min_confidence=1.1', 'invalid_request', raw(png), 'min_confidence=1.1'],
    ['min_confidence=NaN', 'invalid_request', raw(png), 'min_confidence=NaN'],
    ['a model that is a path', 'invalid_request', raw(png), 'model=../etc'],
    ['an unknown option', 'invalid_request', raw(png), 'topk=3'],
    ['a % that stands for nothing', 'invalid_request', raw(png), 'top_k=%zz'],
    ['__proto__ in the query', 'invalid_request', raw(png), '__proto__=3'],
  ],
};

describe.each(Object.entries(refusals))('refuses %s:', (_group, cases) => {
  test.each(cases)('%s', async (_name, code, init, query = '') => {
    const { status, body } = await api.call(`/v1/jobs?${query}`, { method: 'POST', ...init });
    expect(body.code).toBe(code);
    expect(status).toBe(body.status);
  });
});

test('names in one answer all options that are wrong', async () => {
  const { body } = await api.call('/v1/jobs?top_k=0&min_confidence=2&colour=red', {
    method: 'POST',
    body: firstBytes.png,
  });
  expect(body.detail).toBe(
    "Expected a whole number from 1 to 1000 for top_k but received 0. Expected a number from 0 to 1 for min_confidence but received 2. Expected one of model, top_k, min_confidence for an option but received 'colour'.",
  );
});

test('says what the bytes are, where that is known', async () => {
  const { body } = await api.call('/v1/jobs', { method: 'POST', body: '<svg/>' });
  expect(body.detail).toContain("but received 'SVG'");
});

test('never repeats more of what was sent than fits into a line', async () => {
  const { body } = await api.call(`/v1/jobs?top_k=${'9'.repeat(5000)}`, {
    method: 'POST',
    body: firstBytes.png,
  });
  expect(body.detail?.length).toBeLessThan(200);
});
