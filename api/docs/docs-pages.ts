import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Hono } from 'hono';
import { html, raw } from 'hono/html';
import { secureHeaders } from 'hono/secure-headers';

/** Files of Swagger UI's package that the page needs, with their types. */
const assets = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const START_SCRIPT = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, tryItOutEnabled: true });`;

/** The pages under `/docs`, whole without internet: the API's reference by Swagger UI, and the list of errors. */
export function docsPages({ root, openApi }: { root: string; openApi: () => Promise<object> }) {
  const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const app = new Hono();
  app.use(
    '/docs/*',
    secureHeaders({
      // Swagger UI sets style attributes, and shows its icons from data URLs.
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
      },
    }),
  );
  app.get('/', (c) => c.redirect('/docs'));
  app.get('/openapi.json', async (c) => c.json(await openApi()));
  app.get('/docs', (c) =>
    c.html(
      page(
        'API',
        html`<link rel="stylesheet" href="/docs/assets/swagger-ui.css" />
        <div id="docs"></div>
        <script src="/docs/assets/swagger-ui-bundle.js"></script>
        <script src="/docs/start.js"></script>`,
      ),
    ),
  );
  app.get('/docs/start.js', (c) =>
    c.body(START_SCRIPT, 200, { 'Content-Type': 'text/javascript' }),
  );
  app.get('/docs/errors', async (c) => {
    const markdown = await readFile(join(root, 'docs/errors.md'), 'utf8');
    return c.html(
      page('Errors', html`<main class="text">${raw(await renderMarkdown(markdown))}</main>`),
    );
  });
  for (const [name, type] of Object.entries(assets)) {
    app.get(`/docs/assets/${name}`, async (c) =>
      c.body(await readFile(join(swaggerUi, name)), 200, {
        'Content-Type': type,
        'Cache-Control': 'public, max-age=86400',
      }),
    );
  }
  return app;
}

function page(title: string, body: ReturnType<typeof html>) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Darkroom: ${title}</title>
        <link rel="icon" href="/docs/assets/favicon-32x32.png" />
        <style>
          body { margin: 0; font-family: system-ui, sans-serif; line-height: 1.5; }
          .text { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
          .text code { background: #f2f2f2; padding: 0 0.2em; }
          .text pre { background: #f2f2f2; padding: 0.5em; overflow-x: auto; }
          :target { background: #fff3bf; }
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html>`;
}

/** Markdown as HTML, a heading's text as its anchor: what a problem's `type` points to. */
async function renderMarkdown(markdown: string): Promise<string> {
  const { Marked } = await import('marked');
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const text = this.parser.parseInline(tokens);
        return `<h${depth} id="${text.replace(/<[^>]+>/g, '')}">${text}</h${depth}>\n`;
      },
    },
  });
  return marked.parse(markdown);
}
