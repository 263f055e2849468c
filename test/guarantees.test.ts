import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync('docs/guarantees.md', 'utf8');
const rows = [
  ...page.matchAll(/^\| (?<promise>[^|]+) \| `(?<file>[^`]+)`: (?<name>[^|]+) \|$/gm),
].map(({ groups = {} }) => groups as { promise: string; file: string; name: string });

test('every promise of docs/guarantees.md names a test that exists', () => {
  const lines = page.split('\n').filter((line) => /^\| [A-Z…]/.test(line));
  expect(rows).toHaveLength(lines.length);
  expect(rows.length).toBeGreaterThan(15);
  for (const { file, name } of rows) {
    expect(readFileSync(file, 'utf8'), file).toMatch(
      new RegExp(`test(?:\\.skipIf\\(\\w+\\))?\\(\\s*(['\`])([^'\`\n]* )?${patternOf(name)}\\1`),
    );
  }
});

/** A text as a pattern that matches itself. */
function patternOf(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
