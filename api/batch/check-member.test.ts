import { expect, test } from 'vitest';
import { checkMember } from './check-member.ts';

const file = (name: string) => checkMember({ name, kind: 'file' });

test.each(['a.jpg', './a.jpg', 'a/b c/ä😀.jpg', 'a\\b.jpg', 'no extension', 'a..b/c...jpg', 'a:b'])(
  'takes %s by its full name',
  (name) => {
    expect(file(name)).toEqual({ id: name });
  },
);

test.each([
  '.DS_Store',
  'a/.DS_Store',
  '.hidden.jpg',
  '.git/a.jpg',
  './.a/b.jpg',
  '__MACOSX/._a.jpg',
  'a/__MACOSX/b.jpg',
  'Thumbs.db',
  'a/thumbs.db',
  'folder/',
  'folder\\',
])('passes over %s', (name) => {
  expect(file(name)).toEqual({ passedOver: true });
});

test.each([
  '../a',
  'a/../../b',
  'a\\..\\b',
  '/etc/passwd',
  '\\\\host\\a',
  'C:\\a.jpg',
  'c:/a',
  '..',
])('fails %s, whatever kind it is', (name) => {
  for (const kind of ['file', 'symlink']) {
    expect(checkMember({ name, kind })).toMatchObject({
      failed: { id: name, code: 'malformed_item' },
    });
  }
});

test('fails a link and a name of more than 1024 characters, and passes over a directory', () => {
  expect(checkMember({ name: 'a', kind: 'symlink' })).toMatchObject({
    failed: { id: 'a', detail: "Expected a file for a member but received 'symlink'." },
  });
  expect(file('x'.repeat(1024))).toHaveProperty('id');
  expect(file('x'.repeat(1025))).toMatchObject({ failed: { id: undefined } });
  expect(checkMember({ name: '../a', kind: 'directory' })).toEqual({ passedOver: true });
});
