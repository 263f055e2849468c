import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { errorCodes } from '../../shared/errors.ts';
import { createContract, type OpenApi } from '../../test/api/contract.ts';
import { routes } from '../app.ts';
import { openApiDocument } from './document.ts';

const document = JSON.parse(JSON.stringify(openApiDocument(routes, '0.0.0')));
const { mistakes } = createContract(document as OpenApi);

/** Every object in the document, with the path that leads to it. */
function* objects(value: unknown, place: string[] = []): Generator<[string[], object]> {
  if (typeof value !== 'object' || value === null) return;
  yield [place, value];
  for (const [name, child] of Object.entries(value)) yield* objects(child, [...place, name]);
}

test('passes the linter, with no warning', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-openapi-'));
  const file = join(folder, 'openapi.json');
  await writeFile(file, JSON.stringify(document));
  const cli = dirname(createRequire(import.meta.url).resolve('@redocly/cli/package.json'));
  // The welcome stands at `/v1/`.
  const args = ['lint', file, '--format=json', '--skip-rule=no-path-trailing-slash'];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(cli, 'bin/cli.js'), ...args],
    {
      cwd: folder,
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    },
  );
  expect(JSON.parse(stdout).problems).toEqual([]);
  await rm(folder, { recursive: true });
});

test('all its examples are valid by their own schemas', () => {
  let checked = 0;
  for (const [place, object] of objects(document)) {
    if (!('schema' in object)) continue;
    const values: [string, unknown][] = 'example' in object ? [['example', object.example]] : [];
    if ('examples' in object) {
      for (const [name, { value }] of Object.entries(object.examples as object)) {
        values.push([name, value]);
      }
    }
    for (const [name, value] of values) {
      expect(mistakes([...place, 'schema'], value), `${place.join(' ')} ${name}`).toBeUndefined();
      checked += 1;
    }
  }
  expect(checked).toBeGreaterThan(100);
});

test('the examples of single fields are valid', () => {
  for (const [place, object] of objects(document)) {
    if (!('type' in object && 'example' in object)) continue;
    expect(mistakes(place, object.example), place.join(' ')).toBeUndefined();
  }
});

describe.each(routes)('$doc.method $doc.path', ({ doc }) => {
  const operation = document.paths[doc.path][doc.method];

  test('has a name, a tag, a summary and an answer that is no error', () => {
    expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
    expect(document.tags.map(({ name }: { name: string }) => name)).toContain(operation.tags[0]);
    expect(operation.summary).toMatch(/^[A-Z]/);
    expect(Object.keys(operation.responses).filter((status) => status < '300')).not.toEqual([]);
  });

  test('tells of every error its problem, by code', () => {
    for (const [status, { content }] of Object.entries<{
      content: Record<string, { examples: object }>;
    }>(operation.responses)) {
      if (status < '400') continue;
      const codes = Object.keys(content['application/problem+json']?.examples ?? {});
      expect(codes.length).toBeGreaterThan(0);
      for (const code of codes) {
        expect(errorCodes[code as keyof typeof errorCodes].status).toBe(Number(status));
      }
    }
  });

  test('asks for a key unless it says that it needs none', () => {
    expect(operation.security ?? document.security).toEqual(doc.security ?? [{ key: [] }, {}]);
    expect('401' in operation.responses).toBe(doc.security === undefined);
  });
});
