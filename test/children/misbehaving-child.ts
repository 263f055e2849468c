import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { receiveGroups } from '../../worker/child/image-pipe.ts';
import type { ChildAnswer, ImageAnswer } from '../../worker/child/protocol.ts';

/**
 * A child that does what the bytes say: `crash`, `hang` (in its own thread, as a decoder does), `eat` memory, `throw`,
 * `hang-up` (close its channel after the answer, and stay), be `slow`; anything else is classified as a label of that text,
 * with the child's process id for its confidence and, for its index, the number of its group.
 * `crash-once:FILE` crashes where FILE is not there, and makes it; `throw-while:FILE` throws while FILE is there;
 * `killed:FILE` is killed from outside until FILE has three bytes, and adds one each time. With models in
 * `startable-while:FILE` it ends at once where FILE is not there, in `second-start:FILE` too, and makes it.
 */
const { modelsDir } = JSON.parse(process.argv[2] ?? '{}') as { modelsDir: string };
const send = (answer: ChildAnswer) => process.send?.(answer);

const [, startable] = /^startable-while:(.*)$/.exec(modelsDir) ?? [];
if (startable && !existsSync(startable)) process.exit(1);
const [, second] = /^second-start:(.*)$/.exec(modelsDir) ?? [];
if (second && !existsSync(second)) {
  writeFileSync(second, '');
  process.kill(process.pid, 'SIGKILL');
}
if (modelsDir === 'unusable') {
  send({ type: 'unusable', reason: 'Expected labels.' });
} else {
  await delay(1);
  send({
    type: 'ready',
    models: [
      {
        name: 'm',
        task: 'image-classification',
        sha256: '00',
        labels: ['a'],
        input: { width: 1, height: 1 },
      },
    ],
  });
}

let groups = 0;
for (const { requests } of receiveGroups()) {
  groups += 1;
  const answers: ImageAnswer[] = [];
  const texts: string[] = [];
  for (const { image } of requests) {
    const text = Buffer.from(image).toString();
    texts.push(text);
    answers.push(await answerTo(text));
  }
  send({ type: 'answers', answers });
  if (texts.includes('hang-up')) {
    process.disconnect();
    await once(process, 'disconnect');
  }
}

async function answerTo(text: string): Promise<ImageAnswer> {
  const [, file] = /^crash-once:(.*)$/.exec(text) ?? [];
  if (file && !existsSync(file)) {
    writeFileSync(file, '');
    process.kill(process.pid, 'SIGSEGV');
  }
  const [, killed] = /^killed:(.*)$/.exec(text) ?? [];
  if (killed) {
    appendFileSync(killed, '.');
    if (readFileSync(killed).length <= 3) process.kill(process.pid, 'SIGKILL');
  }
  if (text === 'crash') process.kill(process.pid, 'SIGSEGV');
  if (text === 'hang') for (;;);
  if (text === 'slow') await delay(120);
  if (text === 'eat') {
    const eaten: Buffer[] = [];
    for (;;) {
      eaten.push(Buffer.alloc(16 * 2 ** 20, 1));
      await delay(1);
    }
  }
  const [, broken = ''] = /^throw-while:(.*)$/.exec(text) ?? [];
  if (text === 'throw' || existsSync(broken)) return { threw: 'Error: the session failed' };
  return {
    outcome: {
      status: 'succeeded',
      image: { format: 'png', width: 1, height: 1 },
      predictions: [{ label: text, confidence: process.pid, index: groups }],
      timings: { decode_ms: 0, inference_ms: 0 },
    },
  };
}
