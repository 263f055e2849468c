import { sniffFormat } from '../../shared/image-formats.ts';
import type { Outcome } from '../../shared/outcome.ts';
import type { LoadedModel } from '../model/load-model.ts';
import type { MarkStep } from '../model/step.ts';
import { decodeImage } from './decode-image.ts';
import { ImageFault } from './image-fault.ts';
import type { ChildRequest, ImageAnswer } from './protocol.ts';

type Opened = Pick<ChildRequest, 'topK' | 'minConfidence'> &
  Pick<Outcome & { status: 'succeeded' }, 'image'> & { place: number; decodeMs: number };

/**
 * The way of a group of images in a child: the pixels of each, one after the other, then one inference over them all, of
 * whose time each is told its part. An answer for each, in their order: what is wrong with one is its outcome, and what
 * is thrown over one is no other's.
 */
export async function classifyImages(
  loaded: LoadedModel,
  requests: Iterable<ChildRequest>,
  maxPixels: number,
  mark?: MarkStep,
): Promise<ImageAnswer[]> {
  const answers: ImageAnswer[] = [];
  const opened: Opened[] = [];
  let place = 0;
  for (const request of requests) {
    try {
      opened.push({ ...(await open(request, opened.length)), place });
    } catch (error) {
      answers[place] = faultOf(error);
    }
    place += 1;
  }
  if (opened.length === 0) return answers;
  const openedAt = performance.now();
  try {
    const predictions = await loaded.infer(opened, mark);
    const inferenceMs = rounded((performance.now() - openedAt) / opened.length);
    for (const [index, { place, image, decodeMs }] of opened.entries()) {
      const timings = { decode_ms: rounded(decodeMs), inference_ms: inferenceMs };
      answers[place] = {
        outcome: { status: 'succeeded', image, predictions: predictions[index] ?? [], timings },
      };
    }
  } catch (error) {
    for (const { place } of opened) answers[place] = faultOf(error);
  }
  return answers;

  async function open({ image, topK, minConfidence }: ChildRequest, index: number) {
    const startedAt = performance.now();
    const sniffed = sniffFormat(image);
    if (!sniffed.taken) throw new ImageFault('not_an_image', 'Expected an image.');
    const limits = { preprocessing: loaded.model.preprocessing, maxPixels };
    const decoded = await decodeImage(image, sniffed.format, limits, mark);
    loaded.put(decoded.pixels, index);
    mark?.('resize');
    const decodeMs = performance.now() - startedAt;
    return { image: decoded.image, decodeMs, topK, minConfidence };
  }
}

function faultOf(error: unknown): ImageAnswer {
  if (error instanceof ImageFault) {
    const { code, message: detail, image: seen } = error;
    return { outcome: { status: 'failed', code, detail, ...(seen ? { image: seen } : {}) } };
  }
  return { threw: (error instanceof Error && error.stack) || String(error) };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
