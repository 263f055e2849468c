import type { RedisState } from './redis-state.ts';
import type { ScrapeGauge } from './scrape-gauges.ts';

/** What API and worker each tell of Redis as they see it. */
export const redisGauges: ScrapeGauge<{ redis: RedisState }>[] = [
  {
    name: 'darkroom_redis_up',
    help: 'Whether Redis answers this process: 1 or 0.',
    values: ({ redis }) => (redis === 'unreachable' || redis === 'silent' ? 0 : 1),
  },
  {
    name: 'darkroom_redis_writable',
    help: 'Whether Redis answers this process and stores: 1 or 0.',
    values: ({ redis }) => (redis === 'ok' ? 1 : 0),
  },
];
