import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterEach, expect, test } from 'vitest';
import { readUpload, shown, streamOf, testLimits } from '../../test/batch-upload.ts';
import { zipBytes } from '../../test/zip-bytes.ts';
import { readForm } from './read-form.ts';

const zip = zipBytes([{ name: 'a', bytes: Buffer.from('1') }]);
const packed = pack();
packed.entry({ name: 'a' }, '1');
packed.finalize();
const tar = await buffer(packed);

test.each([
  ['a zip', zip],
  ['a tar', tar],
  ['a gzipped tar', gzipSync(tar)],
])('tells %s by its first bytes where the content type does not', async (_, body) => {
  for (const type of ['', 'application/octet-stream', 'application/x-www-form-urlencoded']) {
    for (const pieceBytes of [1, 65_536]) {
      const { items } = await readUpload(streamOf(body, pieceBytes).stream, type);
      expect(shown(items)).toEqual(['a: 1']);
    }
  }
});

test.each([
  ['application/zip', zip],
  ['application/x-zip-compressed', zip],
  ['application/x-tar', tar],
  ['Application/GZIP; a=b', gzipSync(tar)],
  ['application/x-gzip', gzipSync(tar)],
  ['application/x-gtar', tar],
  ['application/x-compressed-tar', gzipSync(tar)],
])('takes %s', async (type, body) => {
  expect(shown((await readUpload(body, type)).items)).toEqual(['a: 1']);
});

test.each([
  ['a JPEG', 'image/jpeg', 'x', 'unsupported_batch_type'],
  ['text', 'text/plain', 'x', 'unsupported_batch_type'],
  ['bytes of no archive', '', 'hello', 'unsupported_batch_type'],
  ['one image without a type', '', '\x89PNG\r\n\x1a\n', 'unsupported_batch_type'],
  ['an empty zip', 'application/zip', '', 'empty_body'],
  ['nothing at all', '', '', 'empty_body'],
  ['a tar that is none', 'application/x-tar', 'x'.repeat(600), 'malformed_archive'],
  ['a zip that is none', 'application/zip', 'hello', 'malformed_archive'],
])('answers %s with a code of its own', async (_, type, body, code) => {
  expect(await readUpload(Buffer.from(body, 'latin1'), type)).toMatchObject({ items: [], code });
});

const types = ['', 'image/png', 'application/json', 'application/jsonl', 'application/zip'];
test.each([...types, 'multipart/form-data; boundary=b'])(
  "refuses an announced length that is too much before a byte of '%s' is read",
  async (type) => {
    const { stream, given } = streamOf('x');
    const headers = { 'content-type': type, 'content-length': '10000001' };
    expect((await readUpload(stream, headers)).code).toBe('batch_too_large');
    expect(given()).toBe(0);
  },
);

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Listens for one request, and gives it with a connection that has sent its head. */
async function requestOf(type: string): Promise<[IncomingMessage, ReturnType<typeof connect>]> {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: 900000\r\n\r\n`,
  );
  const [request] = await once(server, 'request');
  return [request, socket];
}

test.each([
  ['application/jsonl', Buffer.from('{"id":"a","image":"AAAA"}\n{"id":"b","image":"AAAA"}\n{"id')],
  [
    'application/x-tar',
    Buffer.concat([tar.subarray(0, 1024), tar.subarray(0, 1024), tar.subarray(0, 100)]),
  ],
  [
    'multipart/form-data; boundary=b',
    Buffer.from('--b\r\nContent-Disposition: form-data; name="images"\r\n\r\nx\r\n'.repeat(3)),
  ],
])(
  '%s whose connection is lost gives what arrived, then throws upload_aborted',
  async (type, start) => {
    const [request, socket] = await requestOf(type);
    socket.write(start);
    const form = await readForm(request.headers, request, testLimits);
    let items = 0;
    const reading = async () => {
      for await (const item of form.items) {
        expect(item).toHaveProperty('image');
        items += 1;
        if (items === 2) socket.destroy();
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'upload_aborted' });
    expect(items).toBe(2);
  },
);

test.each(['application/zip', 'application/json'])(
  '%s whose connection is lost throws upload_aborted',
  async (type) => {
    const [request, socket] = await requestOf(type);
    socket.write('PK\x03\x04', () => socket.resetAndDestroy());
    expect(await readUpload(request, request.headers)).toMatchObject({ code: 'upload_aborted' });
  },
);

test('a connection that is lost after the reader stopped harms no one', async () => {
  const [request, socket] = await requestOf('application/jsonl');
  socket.write('{"image":"AAAA"}\n{"image":"AAAA"}\n');
  const form = await readForm(request.headers, request, testLimits);
  for await (const item of form.items) {
    expect(item).toHaveProperty('image');
    break;
  }
  const closed = new Promise((resolve) => request.once('close', resolve));
  socket.resetAndDestroy();
  await closed;
});
