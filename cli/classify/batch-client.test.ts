import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBatchClient } from './batch-client.ts';

let server: Server;
let url: string;
let folder: string;
let stopping: AbortController;
let answer: (request: IncomingMessage, body: string, response: ServerResponse) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'darkroom-client-'));
  stopping = new AbortController();
  server = createServer(async (request, response) => {
    answer(request, await text(request), response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  rmSync(folder, { recursive: true });
});

function connect(apiKey?: string) {
  const query = new URLSearchParams({ top_k: '2' });
  const onTrouble = () => undefined;
  return createBatchClient({ server: url, apiKey, query, signal: stopping.signal, onTrouble });
}

function aPicture() {
  const path = join(folder, 'a.jpg');
  writeFileSync(path, 'a');
  return { path, size: 1, mtime: '' };
}

test('an upload whose answer was lost is sent again under the same Idempotency-Key', async () => {
  const seen: string[] = [];
  answer = (request, body, response) => {
    seen.push(`${request.url} ${request.headers['idempotency-key']} ${body}`);
    if (seen.length === 1) request.socket.destroy();
    else response.end('{"id":"batch_1"}');
  };
  expect(await connect().submit([aPicture()])).toEqual({ id: 'batch_1' });
  expect(seen).toHaveLength(2);
  expect(seen[0]).toBe(seen[1]);
  expect(seen[0]).toMatch(
    /^\/v1\/batches\?top_k=2 [\w-]{36} \{"id":".*a\.jpg","image":"YQ=="\}\n$/,
  );
});

test('two uploads have two keys', async () => {
  const keys = new Set<unknown>();
  answer = (request, _body, response) => {
    keys.add(request.headers['idempotency-key']);
    response.end('{}');
  };
  await connect().submit([aPicture()]);
  await connect().submit([aPicture()]);
  expect(keys.size).toBe(2);
});

test('says in the words of the server why it does not take the key', async () => {
  answer = (request, _body, response) => {
    response.statusCode = request.headers.authorization === 'Bearer right' ? 200 : 401;
    response.end(
      '{"code":"unauthorized","title":"A valid API key is needed.","detail":"Use one."}',
    );
  };
  await connect('right').check();
  await expect(connect('wrong').check()).rejects.toThrow(
    `${url} answers 401: A valid API key is needed. Use one.`,
  );
});

test('says that what answers is no Darkroom', async () => {
  answer = (_request, _body, response) => {
    response.statusCode = 404;
    response.end('<html>');
  };
  await expect(connect().check()).rejects.toThrow(/answers 404: It is no Darkroom that we know/);
});

test('says at once that nobody answers', async () => {
  server.close();
  await expect(connect().check()).rejects.toThrow(
    /^Expected a Darkroom at .*: connect ECONNREFUSED/,
  );
});

test('cancels, and reads what was classified, after the user has stopped it', async () => {
  const calls: string[] = [];
  answer = (request, _body, response) => {
    calls.push(`${request.method} ${request.url}`);
    response.end('{"status":"succeeded","job_id":"job_1"}\n');
  };
  const client = connect();
  stopping.abort();
  await client.cancel('batch_1');
  expect(await client.rows('batch_1', 0, 200)).toEqual([{ status: 'succeeded', job_id: 'job_1' }]);
  expect(calls).toEqual([
    'DELETE /v1/batches/batch_1',
    'GET /v1/batches/batch_1/results?after=-1&limit=200',
  ]);
});
