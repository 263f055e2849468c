import { expect, test } from 'vitest';
import { createUploadMemory } from './upload-memory.ts';

function openUploads(limitBytes: number, count: number) {
  const memory = createUploadMemory(limitBytes);
  const evicted: number[] = [];
  const uploads = Array.from({ length: count }, (_, index) => {
    const upload = memory.open();
    upload.onEvicted((error) => {
      expect(error).toMatchObject({ code: 'queue_full', headers: { 'Retry-After': '1' } });
      evicted.push(index);
    });
    return upload;
  });
  return { uploads, evicted };
}

test('past the limit the uploads give way that have been silent for longest', () => {
  const { uploads, evicted } = openUploads(100, 4);
  for (const upload of uploads) upload.add(25);
  uploads[0]?.add(0);
  expect(evicted).toEqual([]);
  uploads[3]?.add(30);
  expect(evicted).toEqual([1, 2]);
  uploads[0]?.add(20);
  expect(evicted).toEqual([1, 2]);
  uploads[0]?.add(1);
  expect(evicted).toEqual([1, 2, 3]);
});

test('what has arrived stays until it is released, and an upload for which there is no room gives way itself', () => {
  const { uploads, evicted } = openUploads(100, 3);
  uploads[0]?.add(90);
  uploads[0]?.arrived();
  uploads[1]?.add(11);
  expect(evicted).toEqual([1]);
  uploads[0]?.release();
  uploads[0]?.release();
  uploads[2]?.add(100);
  expect(evicted).toEqual([1]);
});

test('what an evicted upload still sends counts no more', () => {
  const { uploads, evicted } = openUploads(100, 2);
  uploads[0]?.add(60);
  uploads[1]?.add(60);
  uploads[0]?.add(60);
  expect(evicted).toEqual([0]);
});
