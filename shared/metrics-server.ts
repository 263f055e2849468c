import { createServer } from 'node:http';
import { collectDefaultMetrics, type Registry } from 'prom-client';
import { ConfigError } from './config.ts';

export interface MetricsServer {
  port: number;
  close(): void;
}

/**
 * Serves `/metrics`, and nothing else, on a port of its own, with what Node tells of the process. Every gauge bounds
 * its own reading, so a scrape takes less than two seconds whatever state Redis is in.
 */
export function serveMetrics(
  registry: Registry,
  { host, port }: { host: string; port: number },
): Promise<MetricsServer> {
  // Its timer wakes an idle process up; ten times a second is enough for a lag that matters.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  /** Whoever asks while a scrape is made gets the same. */
  let scrape: Promise<string> | undefined;
  const server = createServer({ requestTimeout: 5_000 }, async (request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    scrape ??= registry.metrics().finally(() => {
      scrape = undefined;
    });
    const text = await scrape;
    response.writeHead(200, { 'Content-Type': registry.contentType }).end(text);
  });
  server.maxConnections = 64;
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new ConfigError(
          `Expected a free port of ${host} for METRICS_PORT but received '${port}'.`,
          { cause: error },
        ),
      ),
    );
    server.listen(port, host, () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address ? address.port : port,
        close: () => server.close().closeAllConnections(),
      });
    });
  });
}
