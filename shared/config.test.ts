import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, parseConfig } from './config.ts';

/** The lines of the mistakes in an environment; none where it is right. */
function mistakes(env: Record<string, string>): string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

test('an empty environment is right, and so is one of empty values', () => {
  expect(parseConfig({ PORT: '', REDIS_URL: ' ', API_KEYS: '' })).toEqual(parseConfig({}));
});

test('names every mistake in one go, with what the setting takes and what it was', () => {
  const env = { PORT: '99999', LOG_LEVEL: 'loud', MAX_IMAGE_BYTES: '20 apples', HOST: '0.0.0.0' };
  expect(mistakes(env)).toEqual([
    "Expected a port from 0 to 65535 for PORT but received '99999'.",
    expect.stringMatching(/^Expected a size .* for MAX_IMAGE_BYTES but received '20 apples'\.$/),
    expect.stringMatching(/^Expected one of fatal, .* for LOG_LEVEL but received 'loud'\.$/),
  ]);
});

describe('reads a size', () => {
  test.each([
    ['1', 1],
    ['20971520', 20 * 2 ** 20],
    ['20MiB', 20 * 2 ** 20],
    ['20 mib', 20 * 2 ** 20],
    ['1.5KB', 1500],
    ['0.5 GiB', 2 ** 29],
  ])('%s', (text, bytes) => {
    expect(parseConfig({ MAX_IMAGE_BYTES: text }).maxImageBytes).toBe(bytes);
  });

  test.each(['0', '-1', '1e6', '1_000', '0x10', '20 M', 'MiB', '1TiB', 'NaN', '1.'])(
    'and refuses %s',
    (text) => {
      expect(mistakes({ MAX_IMAGE_BYTES: text })).toHaveLength(1);
    },
  );
});

describe('reads a time', () => {
  test.each([
    ['10', 10_000],
    ['500ms', 500],
    ['0.5', 500],
    ['2 min', 120_000],
    ['2m', 120_000],
  ])('%s', (text, ms) => {
    expect(parseConfig({ JOB_TIMEOUT: text }).jobTimeoutMs).toBe(ms);
  });

  test.each(['0', '-1s', '1e1', '10 sec', '2h', 'soon'])('and refuses %s', (text) => {
    expect(mistakes({ JOB_TIMEOUT: text })).toHaveLength(1);
  });
});

test('keeps results for whole seconds, as Redis counts them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_000, max: 365 * 86_400_000 }), (ms) => {
      expect(parseConfig({ RESULT_TTL: `${ms}ms` }).resultTtlSeconds % 1).toBe(0);
    }),
  );
});

test('takes REDIS_URL only as a URL of Redis', () => {
  for (const url of ['redis://localhost', 'rediss://user:pass@host:6380/2']) {
    expect(parseConfig({ REDIS_URL: url }).redisUrl).toBe(url);
  }
  for (const url of ['localhost:6379', 'http://localhost', 'redis://[']) {
    expect(mistakes({ REDIS_URL: url })).toHaveLength(1);
  }
});

describe('a secret', () => {
  test('may stand in a file, which wins', () => {
    const folder = mkdtempSync(join(tmpdir(), 'darkroom-config-'));
    const file = join(folder, 'url');
    writeFileSync(file, 'redis://from-file\n');
    const env = { REDIS_URL: 'redis://from-env', REDIS_URL_FILE: file };
    expect(parseConfig(env).redisUrl).toBe('redis://from-file');
    rmSync(folder, { recursive: true });
  });

  test('is told as missing where its file cannot be read', () => {
    expect(mistakes({ REDIS_URL_FILE: '/nowhere/url' })).toEqual([
      "Expected a file that can be read for REDIS_URL_FILE but received '/nowhere/url'.",
    ]);
    expect(mistakes({ REDIS_URL_FILE: tmpdir() })).toHaveLength(1);
  });

  test('is never repeated in a mistake', () => {
    const lines = mistakes({ REDIS_URL: 'hunter2', API_KEYS: 'hunter2' });
    expect(lines).toHaveLength(2);
    expect(lines.join()).not.toContain('hunter2');
  });
});

test('answers any environment with settings or with a line for each mistake', () => {
  const names = ['HOST', 'PORT', 'REDIS_URL', 'WORKER_CONCURRENCY', 'JOB_TIMEOUT', 'API_KEYS'];
  const values = fc.oneof(fc.string(), fc.stringMatching(/^-?\d{0,9}(\.\d)?(ms|s|KB)?$/));
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...names, 'RATE_LIMIT', 'LOG_LEVEL'), values),
      (env) => {
        const lines = mistakes(env);
        expect(lines.length).toBeLessThanOrEqual(Object.keys(env).length);
        for (const line of lines)
          expect(line).toMatch(/^Expected .+ for [A-Z_]+ but received .+\.$/);
      },
    ),
    { numRuns: 500 },
  );
});
