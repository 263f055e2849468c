import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tapBody } from './tap-body.ts';

const IDLE_MS = 100;
let server: Server;

beforeEach(async () => {
  server = createServer({ requestTimeout: 0 });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** An upload of which the sender has sent so many bytes, and our side of it. */
async function upload(bytes: number, length = 10_000_000) {
  const { port } = server.address() as AddressInfo;
  const sender = request({ port, method: 'POST', headers: { 'Content-Length': length } });
  sender.on('error', () => undefined);
  const arrived = once(server, 'request');
  sender.write(Buffer.alloc(bytes));
  const [incoming, response] = await arrived;
  return { sender, response, incoming: incoming as IncomingMessage };
}

async function readAll(body: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  return bytes;
}

test('gives up a sender who falls silent while bytes are wanted', async () => {
  const { incoming } = await upload(10);
  await expect(readAll(tapBody(incoming, { idleMs: IDLE_MS }).body)).rejects.toMatchObject({
    code: 'upload_aborted',
  });
});

test('gives up a sender who hangs up, also before anyone listened', async () => {
  const { incoming, sender } = await upload(10);
  const reading = readAll(tapBody(incoming).body);
  sender.destroy();
  await expect(reading).rejects.toMatchObject({ code: 'upload_aborted' });

  const gone = await upload(10);
  gone.incoming.on('error', () => undefined);
  gone.sender.destroy();
  // `once` would reject at the error before it.
  await new Promise((resolve) => gone.incoming.once('close', resolve));
  await expect(readAll(tapBody(gone.incoming).body)).rejects.toMatchObject({
    code: 'upload_aborted',
  });
});

test('an upload is held up for as long as nobody reads it, and watched again after that', async () => {
  const { incoming } = await upload(5_000_000);
  const { body } = tapBody(incoming, { idleMs: IDLE_MS });
  for (let times = 0; times < 3; times += 1) await once(incoming, 'timeout');
  expect(body.destroyed).toBe(false);
  await expect(readAll(body)).rejects.toMatchObject({ code: 'upload_aborted' });
});

test('what has arrived whole may be worked on for longer, and is answered', async () => {
  const { incoming, response, sender } = await upload(10, 10);
  sender.end();
  const { body, digest } = tapBody(incoming, { isHashed: true, idleMs: IDLE_MS });
  expect(await readAll(body)).toBe(10);
  // Another upload that is given up begins later and so ends later than this one would.
  const { incoming: silent } = await upload(10);
  await expect(readAll(tapBody(silent, { idleMs: IDLE_MS }).body)).rejects.toThrow();
  response.end(await digest(10));
  const [answer] = await once(sender, 'response');
  const [hash] = await once(answer.setEncoding('utf8'), 'data');
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
});
