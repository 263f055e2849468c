import { setTimeout as delay } from 'node:timers/promises';
import { getRequest, openClient } from './http-client.ts';

const LONGEST_MS = 30_000;

/** Asks the API each five milliseconds until it answers; throws where it does not. */
export async function waitForAnswer(port: number): Promise<void> {
  for (const deadline = performance.now() + LONGEST_MS; ; await delay(5)) {
    try {
      const client = await openClient(port);
      await client.send(getRequest('/livez')).finally(client.close);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
}
