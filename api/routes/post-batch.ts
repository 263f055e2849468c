import { z } from 'zod';
import { JobOptions, optionsFromText, parseJobOptions } from '../../shared/job-options.ts';
import { findBatch } from '../batch/find-batch.ts';
import { Batch, presentBatch } from '../batch/present-batch.ts';
import { readForm } from '../batch/read-form.ts';
import { receiveBatch } from '../batch/receive-batch.ts';
import { tapBody } from '../batch/tap-body.ts';
import { requireSame } from '../idempotency.ts';
import { processingBatch } from '../openapi/examples.ts';
import { idempotencyHeaders, replayed } from '../openapi/idempotency-headers.ts';
import { json, location, problems } from '../openapi/responses.ts';
import { resolveModel } from '../resolve-model.ts';
import type { Route } from '../route.ts';
import { setHeader } from '../set-header.ts';
import { JsonUpload } from '../upload/read-json.ts';

const binary = z.any().meta({ type: 'string', format: 'binary' });

const JsonBatch = z
  .strictObject({
    images: z.array(JsonUpload.extend({ id: z.string().optional() })),
    ...JobOptions.shape,
  })
  .meta({ id: 'JsonBatch', description: 'At most 64 MiB.' });

export const postBatch: Route = {
  isSubmission: true,
  doc: {
    method: 'post',
    path: '/v1/batches',
    operationId: 'createBatch',
    tags: ['Batches'],
    summary: 'Submit many images',
    description:
      'Takes the images while they arrive, and answers when the upload has ended. An item that is no image is a failed row, and the rest go on. In multipart, options hold for the images behind them. A broken upload leaves a batch of what had arrived, with `error`.',
    request: {
      query: JobOptions,
      headers: idempotencyHeaders,
      body: {
        required: true,
        content: {
          'multipart/form-data': {
            schema: z
              .object({ images: z.array(binary), ...JobOptions.shape })
              .meta({ id: 'MultipartBatch' }),
          },
          'application/json': { schema: JsonBatch },
          'application/jsonl': {
            schema: z.string().meta({ description: 'An item of JsonBatch a line.' }),
          },
          'application/x-ndjson': { schema: z.string() },
          'application/zip': { schema: binary },
          'application/x-tar': { schema: binary },
          'application/gzip': { schema: binary.meta({ description: 'A tar.' }) },
        },
      },
    },
    responses: {
      202: json('The batch, all of it received.', Batch, processingBatch, { Location: location }),
      200: json('The batch of an earlier try.', Batch, processingBatch, {
        Location: location,
        'Idempotency-Replayed': replayed,
      }),
      ...problems(
        'empty_body',
        'empty_batch',
        'malformed_json',
        'malformed_multipart',
        'malformed_archive',
        'upload_aborted',
        'batch_too_large',
        'unsupported_batch_type',
        'invalid_request',
        'unknown_model',
        'idempotency_conflict',
        'unavailable',
      ),
    },
  },
  handle: (deps) => async (c) => {
    const { config, batches, idempotency } = deps;
    const owner = c.get('owner');
    const registered = await deps.registered();
    const parseOptions = (beside: Record<string, unknown>) => {
      const options = parseJobOptions({
        ...optionsFromText(Object.entries(c.req.queries())),
        ...beside,
      });
      resolveModel(options.model, config.defaultModel, registered);
      return options;
    };
    parseOptions({});
    const answer = async (id: string, status: 200 | 202) => {
      c.set('jobId', id);
      setHeader(c, 'Location', `/v1/batches/${id}`);
      const record = await findBatch(batches, id, { owner, ttlSeconds: config.resultTtlSeconds });
      return { record, response: c.json(presentBatch(id, record, Date.now()), status) };
    };

    const key = c.req.header('Idempotency-Key');
    const claim = key === undefined ? undefined : await idempotency.claim('batch', owner, key);
    const { body, digest, release } = tapBody(c.env.incoming, { isHashed: claim !== undefined });
    if (claim?.earlier) {
      requireSame(claim.earlier, await digest(config.maxBatchBytes));
      setHeader(c, 'Idempotency-Replayed', 'true');
      return (await answer(claim.earlier.id, 200)).response;
    }
    const receive = async () => {
      const form = await readForm(c.req.header(), body, config);
      const options = () => parseOptions(form.options);
      const { items, stop } = form;
      const id = await receiveBatch(deps, { owner, options, items, stop });
      const { record, response } = await answer(id, 202);
      if (record.error) await claim?.free();
      else await claim?.keep(id, await digest(config.maxBatchBytes));
      return response;
    };
    try {
      return claim ? await claim.holdWhile(receive) : await receive();
    } finally {
      release();
    }
  },
};
