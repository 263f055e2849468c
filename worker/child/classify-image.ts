import { sniffFormat } from '../../shared/image-formats.ts';
import type { Outcome } from '../../shared/outcome.ts';
import type { LoadedModel } from '../model/load-model.ts';
import type { MarkStep } from '../model/step.ts';
import { decodeImage } from './decode-image.ts';
import { ImageFault } from './image-fault.ts';
import type { ChildRequest } from './protocol.ts';

/** The way of one image in a child: pixels, inference. What is wrong with the image is an outcome. */
export async function classifyImage(
  { model, infer }: LoadedModel,
  { image, topK, minConfidence }: ChildRequest,
  maxPixels: number,
  mark?: MarkStep,
): Promise<Outcome> {
  const startedAt = performance.now();
  try {
    const sniffed = sniffFormat(image);
    if (!sniffed.taken) throw new ImageFault('not_an_image', 'Expected an image.');
    const limits = { preprocessing: model.preprocessing, maxPixels };
    const decoded = await decodeImage(image, sniffed.format, limits, mark);
    const decodedAt = performance.now();
    const predictions = await infer(decoded.pixels, { topK, minConfidence }, mark);
    return {
      status: 'succeeded',
      image: decoded.image,
      predictions,
      timings: {
        decode_ms: rounded(decodedAt - startedAt),
        inference_ms: rounded(performance.now() - decodedAt),
      },
    };
  } catch (error) {
    if (!(error instanceof ImageFault)) throw error;
    const { code, message: detail, image: seen } = error;
    return { status: 'failed', code, detail, ...(seen ? { image: seen } : {}) };
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
