import { readFileSync } from 'node:fs';
import { type HttpClient, openClient } from './http-client.ts';
import type { LoadOrder, LoadResult } from './load.ts';
import { prepareExchange } from './prepare-exchange.ts';
import { sendBatch } from './send-batch.ts';

process.on('message', async (order: LoadOrder) => {
  process.send?.(await sendLoad(order));
});
process.on('disconnect', () => process.exit());

async function sendLoad(order: LoadOrder): Promise<LoadResult> {
  const images = order.files.map((file) => readFileSync(file));
  const { way } = order;
  if ('images' in way) return await sendBatch(order, way, images);
  const exchange = prepareExchange(order.model, way, images);
  const clients = await Promise.all(
    Array.from({ length: order.clients }, () => openClient(order.port)),
  );
  const result: LoadResult = { images: 0, seconds: 0, latenciesMs: [], overheadsMs: [] };
  const startedAt = performance.now();
  const deadline = startedAt + order.seconds * 1000;
  let next = 0;
  const play = async (client: HttpClient) => {
    while (performance.now() < deadline) {
      const sentAt = performance.now();
      const workMs = await exchange(client, next++);
      const latencyMs = performance.now() - sentAt;
      result.latenciesMs.push(latencyMs);
      if (workMs !== undefined) result.overheadsMs.push(latencyMs - workMs);
    }
    client.close();
  };
  await Promise.all(clients.map(play));
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...result, images: result.latenciesMs.length, seconds };
}
