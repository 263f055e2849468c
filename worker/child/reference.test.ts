import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Prediction } from '../../shared/prediction.ts';
import { projectRoot } from '../../shared/project-root.ts';
import { classifyImage } from '../../test/classify-image.ts';
import { type LoadedModel, loadModel } from '../model/load-model.ts';

/** For each model and picture the five best predictions of an implementation in Python; see test/pictures/NOTICE.md. */
type Reference = Record<string, Record<string, Prediction[]>>;

const models = ['efficientnet-lite0', 'efficientnet-lite0-int8'];
const ours = join(projectRoot(), 'test', 'pictures');
const given = process.env.TEST_IMAGES && resolve(process.env.TEST_IMAGES);

/** Two best predictions that are closer than this may stand in either order. */
const TIE = 0.05;
/** How far the first confidence may be off: another decoder rounds otherwise. */
const NEAR = 0.05;
/** How far it may be off on a few: Pillow ignores colour profiles, and enlarges small pictures in its own way. */
const FAR = 0.1;

let loaded: LoadedModel[];
beforeAll(async () => {
  loaded = await Promise.all(models.map((name) => loadModel(join(projectRoot(), 'models', name))));
});

describe.each(models)('%s', (name) => {
  it('comes to the reference’s label and confidence on the four committed pictures', async () => {
    const reference = await readReference(join(ours, 'reference.json'));
    const differences = await compare(name, reference, (picture) => join(ours, picture));
    expect(differences).toHaveLength(4);
    for (const { difference } of differences) expect(difference).toBeLessThanOrEqual(NEAR);
  });

  it.skipIf(!given)('comes to the reference on all 67 pictures (needs TEST_IMAGES)', async () => {
    const reference = await readReference(join(given ?? '', '..', 'models', 'reference.json'));
    const differences = await compare(name, reference, (picture) =>
      picture.endsWith('.jpg') ? join(ours, picture) : join(given ?? '', 'photos', picture),
    );
    expect(differences).toHaveLength(67);
    const beyond = differences.filter(({ difference }) => difference > NEAR);
    expect(beyond.length, JSON.stringify(beyond)).toBeLessThanOrEqual(3);
    for (const { difference } of beyond) expect(difference).toBeLessThanOrEqual(FAR);
  });
});

/** Expects the reference's first label on every picture, and gives how far the first confidence is from it. */
async function compare(name: string, reference: Reference, pathOf: (picture: string) => string) {
  const differences: { picture: string; difference: number }[] = [];
  for (const [picture, [first, second]] of Object.entries(reference[name] ?? {})) {
    const best = await classify(name, pathOf(picture));
    if (!first || !second) throw new Error(`The reference has no two predictions of ${picture}.`);
    if (first.confidence - second.confidence > TIE) {
      expect({ picture, label: best.label }).toEqual({ picture, label: first.label });
    }
    differences.push({ picture, difference: Math.abs(best.confidence - first.confidence) });
  }
  return differences;
}

async function classify(name: string, path: string): Promise<Prediction> {
  const model = loaded.find(({ model }) => model.name === name);
  if (!model) throw new Error(`${name} is not loaded.`);
  const request = { image: await readFile(path), model: name, topK: 5, minConfidence: 0 };
  const outcome = await classifyImage(model, request, 50_000_000);
  const best = outcome.status === 'succeeded' ? outcome.predictions[0] : undefined;
  if (!best) throw new Error(`${path} came to ${JSON.stringify(outcome)}.`);
  return best;
}

async function readReference(path: string): Promise<Reference> {
  return JSON.parse(await readFile(path, 'utf8'));
}
