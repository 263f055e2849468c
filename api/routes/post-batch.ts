import { z } from 'zod';
import { expected, PublicError } from '../../shared/errors.ts';
import { JobOptions, optionsFromText, parseJobOptions } from '../../shared/job-options.ts';
import { findBatch } from '../batch/find-batch.ts';
import { Batch, presentBatch } from '../batch/present-batch.ts';
import { readForm } from '../batch/read-form.ts';
import { receiveBatch } from '../batch/receive-batch.ts';
import { tapBody } from '../batch/tap-body.ts';
import { type Claim, conflict } from '../idempotency.ts';
import { processingBatch } from '../openapi/examples.ts';
import { json, location, problems } from '../openapi/responses.ts';
import { resolveModel } from '../resolve-model.ts';
import type { ApiDeps, Route } from '../route.ts';
import { JsonUpload } from '../upload/read-json.ts';

const binary = z.any().meta({ type: 'string', format: 'binary' });

const JsonBatch = z
  .strictObject({
    images: z.array(JsonUpload.extend({ id: z.string().optional() })),
    ...JobOptions.shape,
  })
  .meta({ id: 'JsonBatch', description: 'At most 64 MiB.' });

const replayed = {
  description: '`true` on the answer to a second try with the same Idempotency-Key.',
  schema: { type: 'string' },
} as const;

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
      headers: z.object({
        'Idempotency-Key': z.string().optional().meta({
          description: 'A second try with the same key and body finds the first batch, for a day.',
        }),
      }),
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
    const { config, batches } = deps;
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
      c.header('Location', `/v1/batches/${id}`);
      const record = await findBatch(batches, id, { owner, ttlSeconds: config.resultTtlSeconds });
      return { record, response: c.json(presentBatch(id, record, Date.now()), status) };
    };

    const claim = await claimKey(deps, owner, c.req.header('Idempotency-Key'));
    const { body, digest, release } = tapBody(c.env.incoming);
    if (claim?.earlier) {
      if ((await digest(config.maxBatchBytes)) !== claim.earlier.bodyHash) {
        throw conflict(
          'Expected the body of the first try with this Idempotency-Key but received another.',
        );
      }
      c.header('Idempotency-Replayed', 'true');
      return (await answer(claim.earlier.id, 200)).response;
    }
    const holding = claim && setInterval(() => void claim.hold().catch(() => undefined), HOLD_MS);
    try {
      const form = await readForm(c.req.header(), body, config);
      const options = () => parseOptions(form.options);
      const id = await receiveBatch(deps, { owner, options, items: form.items });
      const { record, response } = await answer(id, 202);
      if (record.error) await claim?.free();
      else await claim?.keep(id, await digest(config.maxBatchBytes));
      return response;
    } catch (error) {
      await claim?.free();
      throw error;
    } finally {
      clearInterval(holding);
      release();
    }
  },
};

/** How often a key is held anew while its upload arrives; it is let go a minute after the last time. */
const HOLD_MS = 20_000;

async function claimKey(
  { idempotency, batches }: Pick<ApiDeps, 'idempotency' | 'batches'>,
  owner: string,
  key: string | undefined,
): Promise<Claim | undefined> {
  if (key === undefined) return undefined;
  if (key.length < 1 || key.length > 255) {
    throw new PublicError(
      'invalid_request',
      expected('1 to 255 characters', 'Idempotency-Key', key),
    );
  }
  const claim = await idempotency.claim(owner, key);
  if (!claim.earlier || (await batches.read(claim.earlier.id))) return claim;
  // What the first try made has been erased, or has expired.
  await claim.free();
  return idempotency.claim(owner, key);
}
