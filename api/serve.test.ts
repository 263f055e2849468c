import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { sendRaw, sendWrong } from '../test/api/raw-http.ts';
import { type StartedApi, startApi } from '../test/api/start-api.ts';

let api: StartedApi;

beforeAll(async () => {
  const times = { headersMs: 200, requestMs: 400, checkMs: 50 };
  api = await startApi({ redisUrl: inject('redisUrl'), times });
});

afterAll(() => api.stop());

const close = 'Connection: close\r\n\r\n';
const host = `Host: localhost\r\n${close}`;

type Wrong = [name: string, status: number, bytes: string];

const wrong: Wrong[] = [
  ['bytes that are no HTTP', 400, 'hello\r\n\r\n'],
  ['the first bytes of TLS', 400, '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'],
  ['HTTP/2', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a method that does not exist', 400, `FETCH /livez HTTP/1.1\r\n${host}`],
  ['a method in small letters', 400, `get /livez HTTP/1.1\r\n${host}`],
  ['a request line without a version', 400, 'GET /livez\r\n\r\n'],
  ['a space in the path', 400, `GET /li vez HTTP/1.1\r\n${host}`],
  ['a header without a colon', 400, `GET /livez HTTP/1.1\r\nHost localhost\r\n${close}`],
  ['a header with a zero', 400, `GET /livez HTTP/1.1\r\nX: a\0b\r\n${host}`],
  ['no Host', 400, `GET /livez HTTP/1.1\r\n${close}`],
  ['two Hosts', 400, `GET /livez HTTP/1.1\r\nHost: a\r\n${host}`],
  ['a Host that is none', 400, `GET /livez HTTP/1.1\r\nHost: a b<>\r\n${close}`],
  ['a Host with a path', 400, `GET /livez HTTP/1.1\r\nHost: a/b\r\n${close}`],
  ['a Host with an impossible port', 400, `GET /livez HTTP/1.1\r\nHost: a:99999\r\n${close}`],
  ['a path that does not begin with /', 400, `GET livez HTTP/1.1\r\n${host}`],
  ['a path with a backslash', 400, `GET /v1\\jobs HTTP/1.1\r\n${host}`],
  ['an absolute URL that is none', 400, `GET http://[/livez HTTP/1.1\r\n${host}`],
  [
    'two lengths',
    400,
    `POST /v1/jobs HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n${host}ab`,
  ],
  ['a length below zero', 400, `POST /v1/jobs HTTP/1.1\r\nContent-Length: -1\r\n${host}`],
  [
    'a length beyond all numbers',
    400,
    `POST /v1/jobs HTTP/1.1\r\nContent-Length: ${'9'.repeat(40)}\r\n${host}`,
  ],
  [
    'a length and chunks',
    400,
    `POST /v1/jobs HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n${host}0\r\n\r\n`,
  ],
  [
    'a chunk whose length is none',
    400,
    `POST /v1/jobs HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${host}xyz\r\n`,
  ],
  ['headers of 20 KB', 431, `GET /livez HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n${host}`],
  ['a path of 20 KB', 431, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${host}`],
  ['a path that is not there', 404, `GET /v1/nothing HTTP/1.1\r\n${host}`],
  ['a path that begins with //', 404, `GET //v1/jobs HTTP/1.1\r\n${host}`],
  ['a path of nothing but slashes', 404, `GET //// HTTP/1.1\r\n${host}`],
  ['a path with dots out of the root', 404, `GET /../../etc/passwd HTTP/1.1\r\n${host}`],
  ['a path with half a %', 404, `GET /v1/jobs/%E0%A4%A HTTP/1.1\r\n${host}`],
  ['a path with a hidden slash', 404, `GET /v1/jobs/..%2f..%2flivez HTTP/1.1\r\n${host}`],
  ['a path with a hidden zero', 404, `GET /v1/jobs/%00 HTTP/1.1\r\n${host}`],
  ['TRACE', 405, `TRACE /livez HTTP/1.1\r\n${host}`],
  ['OPTIONS', 405, `OPTIONS /v1/jobs HTTP/1.1\r\n${host}`],
  ['PROPFIND', 405, `PROPFIND /v1/jobs HTTP/1.1\r\n${host}`],
  ['CONNECT', 405, `CONNECT example.org:443 HTTP/1.1\r\n${host}`],
  ['CONNECT to a path of ours', 405, `CONNECT /v1/jobs HTTP/1.1\r\n${host}`],
];

describe('answers what Node refuses by itself with a problem:', () => {
  test.each(wrong)('%s', async (_name, status, bytes) => {
    const answer = await sendWrong(api.port, Buffer.from(bytes, 'latin1'));
    expect(answer.status).toBe(status);
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/^GET|^POST/);
  });
});

const right: [name: string, bytes: string][] = [
  ['an absolute URL', `GET http://elsewhere.example/livez HTTP/1.1\r\n${host}`],
  ['HTTP/1.0 without a Host', 'GET /livez HTTP/1.0\r\n\r\n'],
  ['a Host that is an IPv6 address', `GET /livez HTTP/1.1\r\nHost: [::1]:3000\r\n${close}`],
  [
    'an upgrade that we do not know',
    `GET /livez HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nHost: a\r\n\r\n`,
  ],
  ['an expectation that we do not know', `GET /livez HTTP/1.1\r\nExpect: a-pony\r\n${host}`],
  ['a body where none is needed', `GET /livez HTTP/1.1\r\nContent-Length: 2\r\n${host}ab`],
];

test.each(right)('serves %s', async (_name, bytes) => {
  expect(await sendRaw(api.port, bytes)).toMatchObject([{ status: 200, body: '{"status":"ok"}' }]);
});

test('answers HEAD with the headers of GET and no body', async () => {
  const { status, headers, body } = await api.call('/livez', { method: 'HEAD' });
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('application/json');
  expect(body).toBe('');
});

test('answers 408 to headers that do not arrive in time', async () => {
  const answer = await sendWrong(api.port, 'GET /livez HTTP/1.1\r\nHost: a\r\n');
  expect(answer.status).toBe(408);
});

test('answers 408 to a body that does not arrive in time', async () => {
  const answer = await sendWrong(
    api.port,
    'POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc',
  );
  expect(answer.status).toBe(408);
});

test('lets a batch arrive for longer than that, while its bytes flow', async () => {
  const socket = connect(api.port, '127.0.0.1');
  const line = '{"image":"AAAA"}\n';
  const size = `Content-Length: ${3 * line.length}`;
  const type = 'Content-Type: application/jsonl';
  socket.write(`POST /v1/batches HTTP/1.1\r\nHost: a\r\n${type}\r\n${size}\r\n\r\n${line}`);
  // A job that begins now is given up later than a batch would be.
  const job = 'POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc';
  for (let turn = 0; turn < 2; turn += 1) {
    expect((await sendWrong(api.port, job)).status).toBe(408);
    socket.write(line);
  }
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 202 .*"total":3/s);
  socket.destroy();
});

test('cuts off who was refused and sends the rest of it too slowly', async () => {
  const socket = connect(api.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('POST /v1/batches?top_k=0 HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nabc');
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 422 /);
  await once(socket, 'close');
});

test('answers a wrong second request on a connection, too', async () => {
  const socket = connect(api.port, '127.0.0.1');
  socket.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'data');
  socket.write('hello\r\n\r\n');
  const [second] = await once(socket, 'data');
  expect(String(second)).toMatch(/^HTTP\/1.1 400 Bad Request\r\n.*"code":"bad_http"/s);
  await once(socket, 'close');
});

test('closes the connection of a sender who goes on after a refusal', async () => {
  const socket = connect(api.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('hello\r\n\r\n');
  const timer = setInterval(() => socket.writable && socket.write('more'), 20);
  await once(socket.resume(), 'close');
  clearInterval(timer);
});

test('outlives a caller who resets the connection after CONNECT', async () => {
  const sockets = Array.from({ length: 20 }, () => connect(api.port, '127.0.0.1'));
  await Promise.all(
    sockets.map(async (socket) => {
      await once(socket, 'connect');
      socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', () => socket.resetAndDestroy());
      await once(socket, 'close');
    }),
  );
  expect((await api.call('/livez')).status).toBe(200);
});

test('rejects where the port is taken', async () => {
  const { serve } = await import('./serve.ts');
  const { Hono } = await import('hono');
  await expect(serve(new Hono(), { host: '127.0.0.1', port: api.port })).rejects.toThrow(
    'EADDRINUSE',
  );
});
