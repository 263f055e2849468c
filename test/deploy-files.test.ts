import { readFileSync } from 'node:fs';
import { validate } from 'dockerfile-utils';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { memorySettings } from '../start/memory-settings.ts';

const read = (file: string) => readFileSync(file, 'utf8');

test.each(['Dockerfile.api', 'Dockerfile.worker'])(
  '%s has nothing that a linter objects to',
  (file) => {
    expect(
      validate(read(file)).map(({ message, range }) => `${range.start.line}: ${message}`),
    ).toEqual([]);
  },
);

test('both Dockerfiles begin with the same lines, down to the packages of both', () => {
  const ofBoth = (file: string) => read(file).split(/(?<=packages\/shared \.\/node_modules\n)/);
  const [api, worker] = [ofBoth('Dockerfile.api'), ofBoth('Dockerfile.worker')];
  expect([api.length, worker.length]).toEqual([2, 2]);
  expect(api[0]).toBe(worker[0]);
});

test.each(['api', 'worker'])('the image of the %s keeps its memory as npm start does', (name) => {
  const file = read(`Dockerfile.${name}`);
  const command = /^CMD (.*)$/m.exec(file)?.[1] ?? '';
  expect(JSON.parse(command)).toEqual(['node', ...memorySettings.flags, `dist/${name}/main.js`]);
  for (const [setting, value] of Object.entries(memorySettings.env)) {
    expect(/^ENV HOST.*$/m.exec(file)?.[0].split(' ')).toContain(`${setting}=${value}`);
  }
});

test('compose.images.yaml is compose.yaml with images that are pulled, and with their models', () => {
  const built = parse(read('compose.yaml'), { merge: true });
  const pulled = parse(read('compose.images.yaml'), { merge: true });
  for (const name of ['api', 'worker']) {
    const { build, ...rest } = built.services[name];
    const { image, ...others } = pulled.services[name];
    expect(build).toEqual({ context: '.', dockerfile: `Dockerfile.${name}`, network: 'host' });
    expect(image).toMatch(
      new RegExp(`^\\$\\{DARKROOM_REGISTRY:.*/darkroom-${name}:\\$\\{DARKROOM_VERSION:`),
    );
    if (name === 'worker') delete rest.volumes;
    expect(others).toEqual(rest);
  }
  const without = ({ services, ...rest }: typeof built) => ({ ...rest, redis: services.redis });
  expect(without(pulled)).toEqual(without(built));
});
