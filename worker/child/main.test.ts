import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '../../shared/project-root.ts';
import { temporaryFolder, writeModelFolder } from '../../test/onnx/write-model-folder.ts';
import { draw } from '../../test/pictures/draw.ts';
import { CHILD_STDIO, sendGroup } from './image-pipe.ts';
import type { ChildAnswer, ChildRequest } from './protocol.ts';

const models = join(projectRoot(), 'models');

/** A child as the worker forks it, and its next answer: asked for before what it answers is sent. */
function startChild(modelsDir: string) {
  const settings = { modelsDir, maxImagePixels: 1_000_000 };
  const child = fork(
    fileURLToPath(new URL('./main.ts', import.meta.url)),
    [JSON.stringify(settings)],
    { stdio: [...CHILD_STDIO], execArgv: ['--import', 'tsx'], env: { PATH: process.env.PATH } },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function nextAnswer(child: ChildProcess): Promise<ChildAnswer> {
  const [answer] = await once(child, 'message');
  return answer;
}

async function ask(
  child: ChildProcess,
  ...requests: Partial<ChildRequest>[]
): Promise<ChildAnswer> {
  const image = await readFile(join(projectRoot(), 'test', 'pictures', 'coffee.jpg'));
  const answer = nextAnswer(child);
  const defaults = { image, model: 'efficientnet-lite0', topK: 1, minConfidence: 0 };
  sendGroup(
    child,
    requests.map((request) => ({ ...defaults, ...request })),
  );
  return answer;
}

it('a child says that it is ready with its models, classifies, and ends when its worker lets go', async () => {
  const child = startChild(models);
  const ready = await nextAnswer(child);
  if (ready.type !== 'ready') throw new Error(`It began with ${ready.type}.`);
  expect(ready.models.map(({ name }) => name)).toEqual([
    'efficientnet-lite0',
    'efficientnet-lite0-int8',
  ]);
  expect(ready.models[0]).toMatchObject({
    task: 'image-classification',
    sha256: '33a0b7431c353dac89a5b4f30ca612fb43fc9f4761246bb333f92f98111f071a',
    input: { width: 224, height: 224 },
  });
  expect(ready.models[0]?.labels).toHaveLength(1000);

  expect(await ask(child, {})).toMatchObject({
    answers: [
      {
        outcome: {
          status: 'succeeded',
          image: { format: 'jpeg', width: 600, height: 400 },
          predictions: [{ label: 'espresso', index: 967 }],
        },
      },
    ],
  });

  const ended = once(child, 'exit');
  child.stdio[4]?.destroy();
  expect(await ended).toEqual([0, null]);
});

it('a child goes on after images of a model that is unknown, and one that is none', async () => {
  const child = startChild(models);
  await nextAnswer(child);
  const unknown = { threw: 'The model none is not loaded.' };
  expect(await ask(child, { model: 'none' }, { model: 'none' })).toMatchObject({
    answers: [unknown, unknown],
  });
  expect(await ask(child, {}, { image: Buffer.from('no image') }, {})).toMatchObject({
    answers: [
      { outcome: { status: 'succeeded' } },
      { outcome: { status: 'failed', code: 'not_an_image' } },
      { outcome: { status: 'succeeded' } },
    ],
  });
});

it('an answer of more than the channel holds comes whole, however late the worker reads it', async () => {
  const child = startChild(models);
  await nextAnswer(child);
  const image = await draw(8, 8, () => [200, 10, 10])
    .jpeg()
    .toBuffer();
  const request = { image, model: 'efficientnet-lite0-int8', topK: 1000, minConfidence: 0 };
  const answer = nextAnswer(child);
  sendGroup(child, Array(8).fill(request));
  // This process reads nothing meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
  const answered = await answer;
  if (answered.type !== 'answers') throw new Error(`It answered with ${answered.type}.`);
  const counts = answered.answers.map(
    (one) =>
      'outcome' in one && one.outcome.status === 'succeeded' && one.outcome.predictions.length,
  );
  expect(counts).toEqual(Array(8).fill(1000));
});

it.skipIf(process.platform !== 'linux')(
  'a child loads sharp for the first picture that is no plain JPEG, and not before',
  async () => {
    const child = startChild(models);
    await nextAnswer(child);
    const hasSharp = async () =>
      (await readFile(`/proc/${child.pid}/maps`, 'utf8')).includes('libvips');
    await ask(child, {});
    expect(await hasSharp()).toBe(false);
    const image = await draw(8, 8, () => [200, 10, 10])
      .png()
      .toBuffer();
    expect(await ask(child, { image })).toMatchObject({
      answers: [{ outcome: { status: 'succeeded', image: { format: 'png' } } }],
    });
    expect(await hasSharp()).toBe(true);
  },
);

it('a child stays when its process group is told to stop, for the image that it has open', async () => {
  const child = startChild(models);
  await nextAnswer(child);
  child.kill('SIGINT');
  child.kill('SIGTERM');
  expect(await ask(child, {})).toMatchObject({ answers: [{ outcome: { status: 'succeeded' } }] });
});

it('a child says which file of a folder cannot be used', async () => {
  const folder = writeModelFolder({ config: { id2label: {} } });
  expect(await nextAnswer(startChild(join(folder, '..')))).toEqual({
    type: 'unusable',
    reason: `${join(folder, 'config.json')}: Expected at least one label for id2label but received '{}'.`,
  });
});

it('a child says that there is no model', async () => {
  const folder = temporaryFolder();
  expect(await nextAnswer(startChild(folder))).toMatchObject({
    type: 'unusable',
    reason: expect.stringContaining(folder),
  });
});
