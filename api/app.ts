import { Hono, type MiddlewareHandler } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { problem } from '../shared/errors.ts';
import { authenticate } from './authenticate.ts';
import { countRefusals } from './count-refusals.ts';
import { docsPages } from './docs/docs-pages.ts';
import { handleError } from './handle-error.ts';
import { limitReads } from './limit-reads.ts';
import { limitSubmissions } from './limit-submissions.ts';
import { lookAhead } from './look-ahead.ts';
import { problemResponse } from './problem-response.ts';
import { requestId } from './request-id.ts';
import { requestLog } from './request-log.ts';
import { requireOperator } from './require-operator.ts';
import type { ApiDeps, ApiEnv, Route } from './route.ts';
import { classify } from './routes/classify.ts';
import { deleteBatch } from './routes/delete-batch.ts';
import { deleteBatchResults } from './routes/delete-batch-results.ts';
import { deleteDead } from './routes/delete-dead.ts';
import { deleteJob } from './routes/delete-job.ts';
import { deleteJobResult } from './routes/delete-job-result.ts';
import { getBatch } from './routes/get-batch.ts';
import { getBatchResults } from './routes/get-batch-results.ts';
import { getDead } from './routes/get-dead.ts';
import { getJob } from './routes/get-job.ts';
import { getUsage } from './routes/get-usage.ts';
import { livez, readyz } from './routes/health.ts';
import { listBatches } from './routes/list-batches.ts';
import { listDead } from './routes/list-dead.ts';
import { listJobs } from './routes/list-jobs.ts';
import { listModels } from './routes/list-models.ts';
import { modelInfo } from './routes/model-info.ts';
import { postBatch } from './routes/post-batch.ts';
import { postJob } from './routes/post-job.ts';
import { retryBatch } from './routes/retry-batch.ts';
import { retryDead } from './routes/retry-dead.ts';
import { welcome } from './routes/welcome.ts';

/** Every call of the API. */
export const routes: Route[] = [
  welcome,
  classify,
  postJob,
  getJob,
  deleteJob,
  deleteJobResult,
  listJobs,
  postBatch,
  listBatches,
  getBatch,
  deleteBatch,
  getBatchResults,
  deleteBatchResults,
  retryBatch,
  listDead,
  getDead,
  retryDead,
  deleteDead,
  listModels,
  modelInfo,
  getUsage,
  livez,
  readyz,
];

/** The API as a value; serving it is `main.ts`. */
export function createApp(deps: ApiDeps, root: string): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  app.use(requestId(), requestLog(deps.log, deps.metrics));
  const guards = createGuards(deps);
  for (const route of routes) {
    const path = route.doc.path.replaceAll(/\{(\w+)\}/g, ':$1');
    app.on(route.doc.method, [path], ...guards(route), route.handle(deps));
  }
  let document: Promise<object> | undefined;
  const openApi = () => {
    document ??= loadOpenApi(deps.version);
    return document;
  };
  app.route('/', docsPages({ root, openApi }));
  // Behind the calls, so that only what none of them takes comes here.
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const allow = methods.join(', ');
        return problemResponse(c, problem('method_not_allowed', `This path takes ${allow}.`), {
          Allow: allow,
        });
      },
    }),
  );
  app.notFound((c) =>
    problemResponse(
      c,
      problem('route_not_found', 'Expected a path of the API; /docs has them all.'),
    ),
  );
  app.onError(handleError(deps));
  return app;
}

/** Loaded by the first who reads it: its generator is a tenth of what the API loads. */
async function loadOpenApi(version: string): Promise<object> {
  const { openApiDocument } = await import('./openapi/document.ts');
  return openApiDocument(routes, version);
}

/** What stands before a call's handler: nothing where it is open to all, else the key and the limits of its kind. */
function createGuards({
  keyRing,
  admit,
  usage,
  looks,
}: ApiDeps): (route: Route) => MiddlewareHandler<ApiEnv>[] {
  const known = authenticate(keyRing);
  const submission = [lookAhead(looks), known, limitSubmissions(admit), countRefusals(usage)];
  const read = [known, limitReads()];
  const operators = [...read, requireOperator];
  return ({ doc, isSubmission, isOperators }) => {
    if (doc.security) return [];
    if (isOperators) return operators;
    return isSubmission ? submission : read;
  };
}
