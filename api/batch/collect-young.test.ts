import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { collectYoung } from './collect-young.ts';

/** How often the whole heap was collected while a gigabyte came by a connection. */
async function collectionsOf(pass: (bytes: number) => void): Promise<number> {
  const server = createServer((socket) => {
    const piece = Buffer.alloc(2 ** 20);
    let left = 1_024;
    const send = () => {
      while (left > 0) {
        left -= 1;
        if (!socket.write(piece)) return;
      }
      socket.end();
    };
    socket.on('drain', send);
    send();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const kinds: unknown[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as unknown as { detail: { kind: number } }[]) {
      kinds.push(entry.detail.kind);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  for await (const chunk of client) pass(chunk.length);
  server.close();
  await once(server, 'close');
  observer.disconnect();
  return kinds.filter((kind) => kind === constants.NODE_PERFORMANCE_GC_MAJOR).length;
}

test('the buffers of an upload are freed without a collection of the whole heap', async () => {
  const without = await collectionsOf(() => undefined);
  expect(await collectionsOf(collectYoung())).toBeLessThan(without / 2);
});

test('gives nobody else the means to collect', () => {
  expect(globalThis.gc).toBe(undefined);
});
