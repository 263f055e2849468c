import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../shared/config.ts';

const example = readFileSync('.env.example', 'utf8');
const examples = new Map(
  [...example.matchAll(/^# ([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
);
const composeFiles = ['compose.yaml', 'compose.images.yaml'];

test('names every setting that the programs read and that Compose fills in, and no other', () => {
  const filledIn = composeFiles.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name),
  );
  expect([...examples.keys()].sort()).toEqual([...new Set([...settings(), ...filledIn])].sort());
});

test('gives the defaults that the programs have', () => {
  const config = parseConfig(Object.fromEntries(examples));
  expect(config).toEqual(parseConfig({}));
});

test('gives the defaults that Compose has, where they are not the programs own', () => {
  for (const file of composeFiles) {
    for (const [, name = '', value] of readFileSync(file, 'utf8').matchAll(
      /\$\{([A-Z_]+):-([^}]+)\}/g,
    )) {
      if (!settings().has(name)) expect(`${name}=${value}`).toBe(`${name}=${examples.get(name)}`);
    }
  }
});

test('Compose hands on every setting', () => {
  const { services } = parse(readFileSync('compose.yaml', 'utf8'), { merge: true });
  const handedOn = [services.api, services.worker].flatMap(({ environment }) =>
    Object.keys(environment),
  );
  // The models and the spool are mounted where the images have them, and Redis is Compose's own.
  const fixed = ['MODELS_DIR', 'REDIS_URL_FILE', 'SPOOL_DIR'];
  expect([...new Set([...handedOn, ...fixed])].sort()).toEqual([...settings()].sort());
});

/** The names that parseConfig asks for. */
function settings(): Set<string> {
  const names = new Set<string>();
  parseConfig(
    new Proxy<Record<string, string>>(
      {},
      {
        get: (_env, name) => {
          names.add(String(name));
          return undefined;
        },
      },
    ),
  );
  return names;
}
