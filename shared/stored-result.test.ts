import { expect, test } from 'vitest';
import type { JobResult } from './job-record.ts';
import { parseResult, resultFields } from './stored-result.ts';

const predictions = (count: number, label = 'tiger cat') =>
  Array.from({ length: count }, (_, index) => ({ label, confidence: 0.390395, index }));

function succeeded(rows: ReturnType<typeof predictions>): JobResult {
  const image = { format: 'jpeg', width: 451, height: 300 } as const;
  const timings = { decode_ms: 5.12, inference_ms: 0 };
  return { finishedAt: 1, outcome: { status: 'succeeded', image, timings, predictions: rows } };
}

function failed(image?: { format: 'png'; width: number; height: number }): JobResult {
  const detail = 'Expected “pixels” but received 0.';
  return {
    finishedAt: 1,
    outcome: { status: 'failed', code: 'undecodable_image', detail, ...(image ? { image } : {}) },
  };
}

function fieldsOf(result: JobResult): Record<string, string> {
  const fields = resultFields(result);
  return Object.fromEntries(
    fields.flatMap((name, at) => (at % 2 ? [] : [[String(name), String(fields[at + 1])]])),
  );
}

test.each([
  ['predictions', succeeded(predictions(5))],
  ['no predictions', succeeded([])],
  ['labels in any script', succeeded(predictions(5, '虎猫 "😺" \u2028'.repeat(5)))],
  ['a thousand predictions', succeeded(predictions(1000))],
  ['a failure', failed()],
  ['a failure of a picture of known size', failed({ format: 'png', width: 4, height: 3 })],
  ['a cancellation', { finishedAt: 1, outcome: { status: 'canceled' } } satisfies JobResult],
])('reads back %s as they were', (_name, result) => {
  expect(parseResult(result.outcome.status, fieldsOf(result))).toEqual(result);
});

test('a usual result stands in values of at most 64 bytes, and none in more than 64 fields', () => {
  for (const label of ['tiger cat', '虎'.repeat(20)]) {
    for (const value of Object.values(fieldsOf(succeeded(predictions(5, label))))) {
      expect(Buffer.byteLength(value)).toBeLessThanOrEqual(64);
    }
  }
  for (const count of [100, 300, 1000]) {
    expect(Object.keys(fieldsOf(succeeded(predictions(count)))).length).toBeLessThanOrEqual(64);
  }
});
