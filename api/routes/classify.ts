import { z } from 'zod';
import { PublicError, problem } from '../../shared/errors.ts';
import { isFinal } from '../../shared/job.ts';
import type { JobRecord } from '../../shared/job-record.ts';
import { findJob } from '../find-job.ts';
import { idempotencyHeaders, replayed } from '../openapi/idempotency-headers.ts';
import { imageBody, optionsQuery } from '../openapi/image-request.ts';
import { json, problems, SUBMISSION_PROBLEMS } from '../openapi/responses.ts';
import { problemResponse } from '../problem-response.ts';
import type { Route } from '../route.ts';
import { setHeader } from '../set-header.ts';
import { takeSubmission } from '../take-submission.ts';

const Classification = z
  .strictObject({
    predictions: z.array(
      z.strictObject({ label: z.string(), confidence: z.number().min(0).max(1) }),
    ),
    model: z.string(),
  })
  .meta({ id: 'Classification' });

const jobId = { description: "The job's id.", schema: { type: 'string' } } as const;

export const classify: Route = {
  isSubmission: true,
  doc: {
    method: 'post',
    path: '/v1/classify',
    operationId: 'classify',
    tags: ['Classify'],
    summary: 'Classify an image in one call',
    description:
      'Submits a job and waits for it. Where the wait ends first, the job goes on: 504 with its URL. A caller who hangs up cancels a job that has not begun, unless an Idempotency-Key says that there may be a second try, which then waits for the same job.',
    request: { query: optionsQuery, headers: idempotencyHeaders, body: imageBody },
    responses: {
      200: json(
        'The predictions, best first.',
        Classification,
        {
          predictions: [{ label: 'tiger cat', confidence: 0.4192 }],
          model: 'efficientnet-lite0-int8',
        },
        { 'X-Job-Id': jobId, 'Idempotency-Replayed': replayed },
      ),
      ...problems(
        ...SUBMISSION_PROBLEMS,
        'undecodable_image',
        'too_many_pixels',
        'image_crashed',
        'image_timed_out',
        'image_out_of_memory',
        'job_canceled',
        'classify_timeout',
        'idempotency_conflict',
      ),
    },
  },
  handle: (deps) => async (c) => {
    const { config, store, queue, waits } = deps;
    const owner = c.get('owner');
    waits.requireRoom(owner);
    const { id } = await takeSubmission(deps, c);
    c.set('jobId', id);
    setHeader(c, 'X-Job-Id', id);
    const answer = c.env.outgoing;
    const asked = { owner, ttlSeconds: config.resultTtlSeconds };
    const read = (heard?: JobRecord) => findJob(store, id, asked, heard);
    const record = await waits.readUntil(id, read, ({ status }) => isFinal(status), {
      owner,
      ms: config.classifyTimeoutMs,
      answer,
    });
    const isUnwanted = answer.destroyed && c.req.header('Idempotency-Key') === undefined;
    if (isUnwanted && (await store.cancel(id, owner)) === 'canceled') await queue.remove(id);
    const { outcome } = record.result ?? {};
    switch (outcome?.status) {
      case 'succeeded': {
        const predictions = outcome.predictions.map(({ label, confidence }) => ({
          label,
          confidence,
        }));
        return c.json({ predictions, model: record.spec.model }, 200);
      }
      case 'failed':
        return problemResponse(c, problem(outcome.code, outcome.detail));
      case 'canceled':
        throw new PublicError('job_canceled');
      case undefined:
        throw new PublicError('classify_timeout', `The job goes on: read it at /v1/jobs/${id}.`, {
          headers: { Location: `/v1/jobs/${id}` },
        });
    }
  },
};
