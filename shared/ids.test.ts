import fc from 'fast-check';
import { expect, test } from 'vitest';
import { idOfAge } from '../test/id-of-age.ts';
import { idTime, newId } from './ids.ts';

test('a new id tells its time, and ids of one process sort by it', () => {
  const before = Date.now();
  const ids = Array.from({ length: 1_000 }, () => newId('job'));
  const after = Date.now();
  for (const id of ids) {
    expect(idTime('job', id)).toBeGreaterThanOrEqual(before);
    expect(idTime('job', id)).toBeLessThanOrEqual(after + 1);
  }
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test('an id of any age tells its time', () => {
  const now = Date.now();
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Math.floor(now / 1000) }), (seconds) => {
      const time = idTime('job', idOfAge(seconds)) ?? 0;
      expect(Math.abs(time - (now - seconds * 1000))).toBeLessThan(10_000);
    }),
  );
});

test('anything else is no id, and never throws', () => {
  const [, uuid = ''] = newId('job').split('_');
  const wrong = [
    uuid,
    `job_${uuid.toUpperCase()}`,
    `job_${uuid} `,
    `batch_${uuid}`,
    `job_${uuid}\n`,
  ];
  const version4 = `job_${uuid.slice(0, 14)}4${uuid.slice(15)}`;
  for (const id of [...wrong, version4, '']) expect(idTime('job', id)).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(idTime('job', `job_${text}`)).toBeUndefined();
    }),
  );
});
