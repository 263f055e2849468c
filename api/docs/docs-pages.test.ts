import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { errorCodes } from '../../shared/errors.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';

let api: StartedApi;

beforeAll(async () => {
  api = await startApi({ redisUrl: inject('redisUrl'), env: { API_KEYS: 'ann:key-of-ann' } });
});

afterAll(() => api.stop());

test('/ leads to the docs', async () => {
  const response = await fetch(`${api.url}/`, { redirect: 'manual' });
  expect([response.status, response.headers.get('location')]).toEqual([302, '/docs']);
});

test('all that a page names is there, and of the type that it needs, without a key', async () => {
  for (const path of ['/docs', '/docs/errors']) {
    const page = await fetch(`${api.url}${path}`);
    expect(page.headers.get('content-type')).toBe('text/html; charset=UTF-8');
    const html = await page.text();
    for (const [, link = ''] of html.matchAll(/(?:src|href)="(\/[^"#]*)/g)) {
      const asset = await fetch(`${api.url}${link}`);
      expect(asset.status, link).toBe(200);
      const type = link.endsWith('.js') ? 'javascript' : link.endsWith('.css') ? 'css' : '';
      expect(asset.headers.get('content-type'), link).toContain(type);
      await asset.arrayBuffer();
    }
  }
});

test('the page on errors has an anchor for every code, where the `type` of a problem leads', async () => {
  const html = await (await fetch(`${api.url}/docs/errors`)).text();
  const anchors = [...html.matchAll(/<h2 id="([^"]+)">/g)].map(([, id]) => id);
  expect(anchors).toEqual(Object.keys(errorCodes));
  const { body } = await api.call('/v1/nothing');
  expect(body.type).toBe('/docs/errors#route_not_found');
});

test('nothing else of the package or the folder is served', async () => {
  for (const path of [
    '/docs/assets/package.json',
    '/docs/assets/..%2f..%2fpackage.json',
    '/docs/errors.md',
  ]) {
    expect((await api.call(path)).body.code, path).toBe('route_not_found');
  }
});
