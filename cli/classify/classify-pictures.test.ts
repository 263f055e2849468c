import { expect, test } from 'vitest';
import type { Batch, BatchRow } from './batch-client.ts';
import { classifyPictures } from './classify-pictures.ts';
import type { Picture } from './picture.ts';
import type { Row } from './row.ts';
import { ServerError } from './server-error.ts';

const picture = (path: string): Picture => ({ path, size: 1, mtime: 'then' });

async function* chunksOf(...chunks: Picture[][]): AsyncGenerator<Picture[]> {
  yield* chunks;
}

function batchOf(id: string, total: number, succeeded: number): Batch {
  return { id, status: 'processing', counts: { total, succeeded, failed: 0, canceled: 0 } };
}

const done = (job: string): BatchRow => ({ status: 'succeeded', job_id: job });

/** A server that has classified all that it is sent, and notes what it is asked. */
function createServer() {
  const calls: string[] = [];
  const batches = new Map<string, BatchRow[]>();
  const client = {
    async submit(pictures: Picture[]): Promise<Batch> {
      const id = `batch${batches.size + 1}`;
      calls.push(`submit ${pictures.map(({ path }) => path).join(' ')}`);
      batches.set(
        id,
        pictures.map(({ path }) => done(path)),
      );
      return batchOf(id, pictures.length, pictures.length);
    },
    async read(id: string): Promise<Batch> {
      const total = batches.get(id)?.length ?? 0;
      return batchOf(id, total, total);
    },
    async rows(id: string, from: number, limit: number): Promise<BatchRow[]> {
      calls.push(`rows ${id}`);
      return batches.get(id)?.slice(from, from + limit) ?? [];
    },
    async cancel(id: string): Promise<void> {
      calls.push(`cancel ${id}`);
    },
  };
  return { client, calls, batches };
}

async function run(client: ReturnType<typeof createServer>['client'], ...chunks: Picture[][]) {
  const rows: Row[] = [];
  const counts = { final: 0, failed: 0 };
  const ending = classifyPictures({
    chunks: chunksOf(...chunks),
    client,
    model: undefined,
    onRows: async (more) => void rows.push(...more),
    onFinal: (more, failed) => {
      counts.final += more;
      counts.failed += failed;
    },
  });
  const error = await ending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { rows: rows.map(({ path, status }) => `${path} ${status}`), counts, error };
}

test('sends a chunk while the one before is worked on, and gives the rows in order', async () => {
  const { client, calls } = createServer();
  let sent: () => void = () => undefined;
  const secondIsSent = new Promise<void>((resolve) => {
    sent = resolve;
  });
  const submit = async (pictures: Picture[]) => {
    const batch = await client.submit(pictures);
    if (batch.id === 'batch2') sent();
    return { ...batch, counts: { ...batch.counts, succeeded: 0 } };
  };
  const read = async (id: string) => {
    await secondIsSent;
    return client.read(id);
  };
  const chunks = [[picture('a'), picture('b')], [picture('c')]];
  const { rows, counts } = await run({ ...client, submit, read }, ...chunks);
  expect(rows).toEqual(['a succeeded', 'b succeeded', 'c succeeded']);
  expect(counts).toEqual({ final: 3, failed: 0 });
  expect(calls).toEqual(['submit a b', 'submit c', 'rows batch1', 'rows batch2']);
});

test('gives rows in order while some before them are not final', async () => {
  const { client, batches } = createServer();
  const submit = async (pictures: Picture[]) => {
    await client.submit(pictures);
    batches.set('batch1', [{ status: 'processing', job_id: 'a' }, done('b')]);
    return batchOf('batch1', 2, 1);
  };
  const read = async () => {
    batches.set('batch1', [done('a'), done('b')]);
    return batchOf('batch1', 2, 2);
  };
  const { rows } = await run({ ...client, submit, read }, [picture('a'), picture('b')]);
  expect(rows).toEqual(['a succeeded', 'b succeeded']);
});

test('sends the rest of a chunk anew when its upload broke', async () => {
  const { client, calls } = createServer();
  const submit = async (pictures: Picture[]) => {
    const batch = await client.submit(pictures.slice(0, 2));
    return pictures.length > 2 ? { ...batch, error: { code: 'internal', title: '' } } : batch;
  };
  const pictures = ['a', 'b', 'c'].map(picture);
  const { rows } = await run({ ...client, submit }, pictures);
  expect(rows).toEqual(['a succeeded', 'b succeeded', 'c succeeded']);
  expect(calls.slice(0, 2)).toEqual(['submit a b', 'submit c']);
});

test('a picture that is too large for a batch of its own fails alone', async () => {
  const { client } = createServer();
  const submit = async (pictures: Picture[]) => {
    if (pictures[0]?.path === 'huge') throw new ServerError('Too large.', 'batch_too_large');
    return client.submit(pictures);
  };
  const { rows, counts } = await run({ ...client, submit }, [picture('huge'), picture('a')]);
  expect(rows).toEqual(['huge failed', 'a succeeded']);
  expect(counts).toEqual({ final: 2, failed: 1 });
});

test('a file that cannot be read is a failed row, and is not sent', async () => {
  const { client, calls } = createServer();
  const gone = { ...picture('gone'), failure: { code: 'unreadable_file', title: '' } };
  const { rows } = await run(client, [picture('a'), gone]);
  expect(rows.toSorted()).toEqual(['a succeeded', 'gone failed']);
  expect(calls[0]).toBe('submit a');
});

test('what somebody else has canceled is a row that says so', async () => {
  const { client } = createServer();
  const submit = async (pictures: Picture[]): Promise<Batch> => {
    await client.submit(pictures.slice(0, 1));
    return { ...batchOf('batch1', 1, 1), status: 'canceled' };
  };
  const { rows, counts } = await run({ ...client, submit }, [picture('a'), picture('b')]);
  expect(rows).toEqual(['a succeeded', 'b canceled']);
  expect(counts).toEqual({ final: 2, failed: 1 });
});

test('where it breaks it cancels what it has sent, and gives what was classified until then', async () => {
  const { client, calls, batches } = createServer();
  const broken = new Error('broken');
  const submit = async (pictures: Picture[]) => {
    const batch = await client.submit(pictures);
    batches.set(batch.id, [{ status: 'canceled', job_id: 'a' }, done('b')]);
    return { ...batch, counts: { ...batch.counts, succeeded: 0 } };
  };
  const read = () => Promise.reject(broken);
  const chunks = [
    [picture('a'), picture('b')],
    [picture('c'), picture('d')],
  ];
  const { rows, error } = await run({ ...client, submit, read }, ...chunks);
  expect(error).toBe(broken);
  expect(rows).toEqual(['b succeeded', 'd succeeded']);
  expect(calls.filter((call) => call.startsWith('cancel'))).toEqual([
    'cancel batch1',
    'cancel batch2',
  ]);
});
