import type { Outcome } from '../shared/outcome.ts';
import { classifyImages } from '../worker/child/classify-images.ts';
import type { ChildRequest } from '../worker/child/protocol.ts';
import type { LoadedModel } from '../worker/model/load-model.ts';

/** One image as in a child, alone. Throws what a child throws. */
export async function classifyImage(
  model: LoadedModel,
  request: ChildRequest,
  maxPixels: number,
): Promise<Outcome> {
  const [answer] = await classifyImages(model, [request], maxPixels);
  if (answer && 'outcome' in answer) return answer.outcome;
  throw new Error(answer?.threw);
}
