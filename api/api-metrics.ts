import { Counter, Histogram, Registry } from 'prom-client';
import { type ErrorCode, errorCodes } from '../shared/errors.ts';

export type ApiMetrics = ReturnType<typeof createApiMetrics>;

/** What the API counts while it works; what it reads at a scrape is in `api-gauges.ts`. No label is made of what a caller sends. */
export function createApiMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Histogram({
    name: 'darkroom_http_request_seconds',
    help: 'Seconds from a request to the headers of its answer, by route, method and status. Waits count as long as they wait.',
    labelNames: ['method', 'route', 'status'],
    // From a poll, which takes about a millisecond, to the longest wait.
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const accepted = new Counter({
    name: 'darkroom_jobs_accepted_total',
    help: 'Jobs that were taken, each of which becomes final: by single calls, and as items of batches.',
    labelNames: ['via'],
    registers,
  });
  const refusals = new Counter({
    name: 'darkroom_refusals_total',
    help: 'Calls, and items of batches, that were refused, by the code of the error.',
    labelNames: ['code'],
    registers,
  });
  // A counter that appears with its first event hides that event from rate().
  for (const code of Object.keys(errorCodes)) refusals.inc({ code }, 0);
  for (const via of ['single', 'batch']) accepted.inc({ via }, 0);

  return {
    registry,
    answered(method: string, route: string, status: number, ms: number): void {
      requests.observe({ method, route, status }, ms / 1000);
    },
    accepted(via: 'single' | 'batch', jobs = 1): void {
      accepted.inc({ via }, jobs);
    },
    refused(code: ErrorCode): void {
      refusals.inc({ code });
    },
  };
}
