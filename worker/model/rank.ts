import type { Prediction } from '../../shared/prediction.ts';

/** From the model's scores to probabilities: softmax where one label holds, sigmoid where several may. */
export type Activation = 'softmax' | 'sigmoid';

/** The best `topK` predictions of at least `minConfidence`, best first; equal ones by index. */
export function rank(
  scores: ArrayLike<number>,
  labels: string[],
  {
    activation,
    topK,
    minConfidence,
  }: { activation: Activation; topK: number; minConfidence: number },
): Prediction[] {
  const confidences = activate(scores, activation);
  const best: number[] = [];
  // Only the best are kept in order: sorting a thousand classes takes longer than all else here.
  for (let index = 0; index < confidences.length; index++) {
    const confidence = at(confidences, index);
    if (confidence < minConfidence) continue;
    let place = best.length;
    while (place > 0 && confidence > at(confidences, best[place - 1])) place--;
    if (place === topK) continue;
    best.splice(place, 0, index);
    if (best.length > topK) best.pop();
  }
  return best.map((index) => ({
    label: labels[index] ?? String(index),
    // Six places: float32 scores have no more to tell, and results are kept by the thousand.
    confidence: Math.round(at(confidences, index) * 1e6) / 1e6,
    index,
  }));
}

/** In three plain passes over one array. */
function activate(scores: ArrayLike<number>, activation: Activation): Float64Array {
  const values = Float64Array.from(scores);
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = at(values, i);
    if (Number.isNaN(value)) throw new Error('The model answered with values that are no numbers.');
    if (value > largest) largest = value;
  }
  if (activation === 'sigmoid') return values.map((score) => 1 / (1 + Math.exp(-score)));
  // The largest is taken off first, so that no exponential overflows.
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.exp(at(values, i) - largest);
    sum += at(values, i);
  }
  for (let i = 0; i < values.length; i++) values[i] = at(values, i) / sum;
  return values;
}

function at(values: Float64Array, index = -1): number {
  return values[index] ?? 0;
}
