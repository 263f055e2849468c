import { z } from 'zod';
import { expected, PublicError } from '../../shared/errors.ts';
import { JobStatus } from '../../shared/job.ts';
import { findBatch } from '../batch/find-batch.ts';
import { MAX_ITEMS } from '../batch/receive-batch.ts';
import { jsonLines, type ResultsFormat } from '../batch/results-format.ts';
import { type ResultsQuery, streamResults } from '../batch/stream-results.ts';
import { batchParams } from '../openapi/batch-params.ts';
import { problems } from '../openapi/responses.ts';
import type { Route } from '../route.ts';

const query = z.object({
  format: z
    .enum(['jsonl', 'csv'])
    .optional()
    .meta({ description: 'Without it, `Accept: text/csv` asks for CSV.' }),
  status: JobStatus.optional().meta({ description: 'Only rows of this status.' }),
  after: z.number().int().min(-1).optional().meta({ description: 'Only rows behind this index.' }),
  limit: z.number().int().min(1).optional().meta({ description: 'At most so many rows.' }),
});

export const getBatchResults: Route = {
  doc: {
    method: 'get',
    path: '/v1/batches/{id}/results',
    operationId: 'getBatchResults',
    tags: ['Batches'],
    summary: 'Read the results of a batch',
    description:
      'A row for every image, in the order of the upload, at any time: one that is not final says so.',
    request: { params: batchParams, query },
    responses: {
      200: {
        description: 'The rows, streamed. As JSON Lines each line is a Row.',
        content: {
          'application/jsonl': { schema: z.string() },
          'text/csv': {
            schema: z.string(),
            example:
              'index,id,status,error_code,label,confidence\r\n0,cat.jpg,succeeded,,tiger cat,0.4192\r\n',
          },
        },
      },
      ...problems('batch_not_found', 'expired', 'invalid_request', 'unavailable'),
    },
  },
  handle:
    ({ batches, config }) =>
    async (c) => {
      const id = c.req.param('id') ?? '';
      c.set('jobId', id);
      const asked = parseQuery(c.req.query());
      const record = await findBatch(batches, id, {
        owner: c.get('owner'),
        ttlSeconds: config.resultTtlSeconds,
      });
      const wantsCsv =
        c.req.query('format') === 'csv' ||
        (!c.req.query('format') && accepts(c.req.header('Accept')));
      const format = wantsCsv ? await loadCsv(record.spec.options.top_k) : jsonLines;
      return c.body(streamResults(batches, id, asked, format), 200, {
        'Content-Type': format.contentType,
      });
    },
};

function accepts(accept = ''): boolean {
  return accept.split(',').some((type) => type.split(';')[0]?.trim().toLowerCase() === 'text/csv');
}

function parseQuery({ format, status, after, limit }: Record<string, string>): ResultsQuery {
  if (format !== undefined && format !== 'csv' && format !== 'jsonl')
    throw invalid('csv or jsonl', 'format', format);
  const known = JobStatus.safeParse(status);
  if (status !== undefined && !known.success)
    throw invalid(`one of ${JobStatus.options.join(', ')}`, 'status', status);
  if (after !== undefined && !/^(-1|\d{1,9})$/.test(after))
    throw invalid('an index', 'after', after);
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit))
    throw invalid('a whole number from 1 up', 'limit', limit);
  return { status: known.data, after: Number(after ?? -1), limit: Number(limit ?? MAX_ITEMS) };
}

function invalid(what: string, name: string, received: string): PublicError {
  return new PublicError('invalid_request', expected(what, name, received));
}

async function loadCsv(topK: number): Promise<ResultsFormat> {
  const { csvFormat } = await import('../batch/csv-format.ts');
  return csvFormat(topK);
}
