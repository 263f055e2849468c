import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { findChromium } from '../../test/api/find-chromium.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { routes } from '../app.ts';

/** Runs in the page, whose types this project does not have. */
const codeBackground =
  "getComputedStyle(document.querySelector('#operations-Jobs-getJob pre code')).backgroundColor";

const executablePath = findChromium();
if (!executablePath) {
  console.warn(
    'Skipped: no Chromium in PATH (chromium, chromium-browser, google-chrome) or CHROMIUM_PATH.',
  );
}

describe.skipIf(!executablePath)('in a browser', () => {
  let api: StartedApi;
  let browser: Browser;

  beforeAll(async () => {
    api = await startApi({ redisUrl: inject('redisUrl') });
    // In a container Chromium runs as root, and cannot build its sandbox.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: executablePath ?? '', args });
  });

  afterAll(async () => {
    await browser?.close();
    await api.stop();
  });

  /** Opens a page, has it used, and fails on any complaint of the browser and any request to elsewhere. */
  async function visit(path: string, use: (page: Page) => Promise<void>): Promise<void> {
    const complaints: string[] = [];
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(api.url) && !url.startsWith('data:')) complaints.push(`asked for ${url}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} of ${response.url()}`);
    });
    await page.goto(`${api.url}${path}`, { waitUntil: 'networkidle' });
    await use(page);
    const folder = process.env.SCREENSHOTS;
    if (folder) await page.screenshot({ path: `${folder}${path.replaceAll('/', '-')}.png` });
    await page.close();
    expect(complaints).toEqual([]);
  }

  test('/docs shows every call, without a request to elsewhere and without a complaint', async () => {
    await visit('/docs', async (page) => {
      for (const { doc } of routes) {
        const operation = page.locator('.opblock', { hasText: doc.summary ?? '' }).first();
        await operation.waitFor({ state: 'visible' });
      }
      expect(await page.locator('.opblock').count()).toBe(routes.length);
      // The styles of our own pages stay out of it.
      await page.locator('#operations-Jobs-getJob .opblock-summary-control').click();
      await page.locator('#operations-Jobs-getJob pre code').first().waitFor();
      expect(await page.evaluate(codeBackground)).toBe('rgba(0, 0, 0, 0)');
    });
  });

  test('/docs makes a call that is answered', async () => {
    await visit('/docs', async (page) => {
      const live = page.locator('#operations-Health-live');
      await live.locator('.opblock-summary-control').click();
      await live.getByRole('button', { name: 'Execute' }).click();
      await live
        .locator('.live-responses-table .response-col_status', { hasText: '200' })
        .waitFor();
    });
  });

  test('/docs/errors shows the entry that a problem leads to', async () => {
    await visit('/docs/errors#expired', async (page) => {
      const heading = page.locator('h2#expired');
      await heading.waitFor({ state: 'visible' });
      const { y = -1 } = (await heading.boundingBox()) ?? {};
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThan(900);
    });
  });
});
