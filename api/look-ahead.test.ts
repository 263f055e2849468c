import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { lookAhead } from './look-ahead.ts';

test('what a call wants to know is looked up before its first step has its answer', async () => {
  const asked: string[] = [];
  const look = (name: string) => async () => asked.push(name);
  const app = new Hono()
    .use(lookAhead([look('room'), look('models')]))
    .get('/', (c) => c.json(asked));
  expect(await (await app.request('/')).json()).toEqual(['room', 'models']);
});

test('a look that fails is no failure of a call that does not need it', async () => {
  const fails = () => Promise.reject(new Error('Redis is gone'));
  const app = new Hono().use(lookAhead([fails])).get('/', (c) => c.text('served'));
  expect(await (await app.request('/')).text()).toBe('served');
});
