import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { sendWrong } from '../../test/api/raw-http.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { pngOf } from '../../test/image-bytes.ts';

const MiB = 2 ** 20;
const max = MiB;
let api: StartedApi;
let folder: string;

beforeAll(async () => {
  api = await startApi({ redisUrl: inject('redisUrl'), env: { MAX_IMAGE_BYTES: `${max}` } });
  folder = await mkdtemp(join(tmpdir(), 'darkroom-upload-'));
});

afterAll(async () => {
  await api.stop();
  await rm(folder, { recursive: true });
});

function base64InJson(image: Buffer, lineEnd = ''): RequestInit {
  const text = image.toString('base64').replaceAll(/.{76}/g, (line) => line + lineEnd);
  const body = JSON.stringify({ image: text }).replaceAll('/', '\\/');
  return { body, headers: { 'Content-Type': 'application/json' } };
}

function multipart(image: Buffer): RequestInit {
  const body = new FormData();
  body.append('image', new Blob([image]));
  return { body };
}

function chunks(image: Buffer): RequestInit & { duplex: 'half' } {
  return { body: new Blob([image]).stream(), duplex: 'half' };
}

const forms: [name: string, form: (image: Buffer) => RequestInit][] = [
  ['a raw body', (image) => ({ body: image })],
  ['a raw body in chunks', chunks],
  ['multipart', multipart],
  ['JSON', (image) => base64InJson(image)],
  ["JSON with MIME's line breaks and PHP's slashes", (image) => base64InJson(image, '\r\n')],
];

test.each(forms)(
  'takes exactly MAX_IMAGE_BYTES as %s, and answers 413 to one more',
  async (_, form) => {
    const taken = await api.call('/v1/jobs', { method: 'POST', ...form(pngOf(max)) });
    expect(taken.body.image?.bytes).toBe(max);
    const refused = await api.call('/v1/jobs', { method: 'POST', ...form(pngOf(max + 1)) });
    expect(refused.body.code).toBe('image_too_large');
  },
);

test.each(['image/png', 'application/json', 'multipart/form-data; boundary=b'])(
  'answers 413 to a huge announced length of %s before a byte of it has come',
  async (type) => {
    const { status } = await sendWrong(
      api.port,
      `POST /v1/jobs HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: 9000000000000000\r\n\r\n`,
    );
    expect(status).toBe(413);
  },
);

test.each(['image/png', 'application/json', 'multipart/form-data; boundary=b'])(
  'answers 413 to chunks of %s without end as soon as they are too many',
  async (type) => {
    const socket = connect(api.port, '127.0.0.1');
    socket.write(
      `POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    if (type.startsWith('multipart')) {
      const head = '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n';
      socket.write(`${head.length.toString(16)}\r\n${head}\r\n`);
    }
    const chunk = Buffer.concat([
      Buffer.from('10000\r\n'),
      Buffer.alloc(65_536, 'a'),
      Buffer.from('\r\n'),
    ]);
    const answer = new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(`${data}`)),
    );
    const send = () => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on('drain', send);
    send();
    expect(await answer).toMatch(/^HTTP\/1.1 413 .*"code":"image_too_large"/s);
    socket.destroy();
  },
);

const sizes = [25, 200];
const ways: [string, string[]][] = [
  ['plain', []],
  ['in chunks', ['-H', 'Transfer-Encoding: chunked']],
  ['without asking for leave', ['-H', 'Expect:']],
];

test.each(
  sizes.flatMap((size) => ways.map(([way, args]): [number, string, string[]] => [size, way, args])),
)('answers 413 to curl with a file of %i MiB %s, and no reset', async (size, _way, args) => {
  const file = join(folder, `${size}`);
  const handle = await open(file, 'w');
  await handle.truncate(size * MiB);
  await handle.close();
  const { stdout } = await promisify(execFile)('curl', [
    ...['--silent', '--show-error', '-X', 'POST', ...args],
    ...['--upload-file', file, `${api.url}/v1/jobs`],
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ status: 413, code: 'image_too_large' });
});

test('answers 413 to a sender who reads no answer before all is sent', async () => {
  const head = `POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: ${80 * MiB}\r\n\r\n`;
  const socket = connect(api.port, '127.0.0.1');
  socket.pause();
  await new Promise((resolve) => socket.write(head, resolve));
  const piece = Buffer.alloc(MiB);
  for (let sent = 0; sent < 80; sent += 1) {
    await new Promise((resolve) => socket.write(piece, resolve));
  }
  const answer = await new Promise((resolve) => socket.once('data', resolve).resume());
  expect(String(answer)).toMatch(/^HTTP\/1.1 413 /);
  socket.destroy();
});

test('serves the next request on a connection on which an upload was refused', async () => {
  const answers = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const { status } = await api.call('/v1/jobs', { method: 'POST', body: pngOf(2 * MiB) });
      return [status, (await api.call('/livez')).status];
    }),
  );
  expect(answers).toEqual(Array.from({ length: 4 }, () => [413, 200]));
});
