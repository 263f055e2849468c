import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../shared/ids.ts';
import { failed, submit, succeeded, work } from '../../test/api/play-worker.ts';
import { type StartedApi, startApi } from '../../test/api/start-api.ts';
import { idOfAge } from '../../test/id-of-age.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';

let redis: TestRedis;
let api: StartedApi;

beforeAll(async () => {
  redis = await startRedis();
  const env = { RESULT_TTL: '1h', API_KEYS: 'ann:key-of-ann,bob:key-of-bob' };
  api = await startApi({ redisUrl: redis.url, env });
});

afterAll(async () => {
  await api.stop();
  await redis.stop();
});

const ann = { Authorization: 'Bearer key-of-ann' };
const bob = { Authorization: 'Bearer key-of-bob' };

const cancel = (id: string, headers = ann) =>
  api.call(`/v1/jobs/${id}`, { method: 'DELETE', headers });
const erase = (id: string, headers = ann) =>
  api.call(`/v1/jobs/${id}/result`, { method: 'DELETE', headers });

test('cancels a waiting job for good: its ticket and its image go', async () => {
  const before = await api.queue.counts();
  const id = await submit(api, ann);
  const { status, body } = await cancel(id);
  expect(status).toBe(200);
  expect(body).toMatchObject({ result: 'canceled', job: { id, status: 'canceled' } });
  expect(await api.queue.counts()).toEqual(before);
  expect(await api.store.begin(id, 'late')).toEqual({ state: 'final' });
});

test('says that a running job was asked to end, and that it may yet succeed', async () => {
  const id = await submit(api, ann);
  await api.store.begin(id, 'test-worker');
  const { body } = await cancel(id);
  expect(body).toMatchObject({ result: 'cancellation_requested', job: { status: 'processing' } });
  expect(await api.store.begin(id, 'another')).toEqual({ state: 'cancellation_requested' });
  expect((await api.store.finish(id, succeeded)).changed).toBe(true);
});

test.each([
  ['succeeded', succeeded],
  ['failed', failed],
])('changes nothing of a job that %s', async (status, result) => {
  const id = await submit(api, ann);
  await work(api.store, id, result);
  const before = await api.call(`/v1/jobs/${id}`, { headers: ann });
  const { body } = await cancel(id);
  expect(body).toEqual({ result: 'already_finished', job: before.body });
  expect(body.job?.status).toBe(status);
});

test('cancels once: a second time it is finished already', async () => {
  const id = await submit(api, ann);
  await cancel(id);
  expect((await cancel(id)).body).toMatchObject({
    result: 'already_finished',
    job: { status: 'canceled' },
  });
});

test('erases all that is stored of a final job; then its id is unknown', async () => {
  const id = await submit(api, ann);
  await work(api.store, id, succeeded);
  expect((await erase(id)).status).toBe(204);
  expect((await api.call(`/v1/jobs/${id}`, { headers: ann })).body.code).toBe('job_not_found');
  expect((await erase(id)).body.code).toBe('job_not_found');
});

test('answers 409 to erasing a job that waits or runs', async () => {
  const id = await submit(api, ann);
  expect((await erase(id)).body.code).toBe('job_not_final');
  await api.store.begin(id, 'test-worker');
  expect((await erase(id)).body.code).toBe('job_not_final');
});

test.each([
  ['cancelling', cancel],
  ['erasing', erase],
])("answers 404 to %s another key's job, and leaves it as it is", async (_name, remove) => {
  const id = await submit(api, ann);
  expect((await remove(id, bob)).body.code).toBe('job_not_found');
  await work(api.store, id, succeeded);
  expect((await remove(id, bob)).body.code).toBe('job_not_found');
  const { body } = await api.call(`/v1/jobs/${id}`, { headers: ann });
  expect(body.status).toBe('succeeded');
});

test.each([
  ['cancelling', cancel],
  ['erasing', erase],
])('answers 404 to %s what is unknown and 410 to what is too old', async (_name, remove) => {
  expect((await remove(newId('job'))).body.code).toBe('job_not_found');
  expect((await remove('nothing')).body.code).toBe('job_not_found');
  expect((await remove(idOfAge(3601))).body.code).toBe('expired');
});
