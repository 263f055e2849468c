import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Redis } from 'ioredis';
import { compileSoon } from '../shared/compile-soon.ts';

/**
 * The least that a service on Hono and Redis can do: a POST sets a key to its body, a GET answers with what a key holds.
 * Runs as the API does, and tells its parent the port.
 */
const [redisUrl = ''] = process.argv.slice(2);
const redis = new Redis(redisUrl);
let posted = 0;
const app = new Hono()
  .post('/', async (c) => {
    posted += 1;
    const key = `bare:${posted}`;
    await redis.set(key, Buffer.from(await c.req.arrayBuffer()), 'EX', 3600);
    return c.json({ key }, 202);
  })
  .get('/:key', async (c) => {
    const value = await redis.get(c.req.param('key'));
    return c.body(value ?? '', 200, { 'Content-Type': 'application/json' });
  });
process.on('disconnect', () => process.exit());
compileSoon();
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => process.send?.(port));
