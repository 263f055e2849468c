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
  return Array.from(confidences.keys())
    .filter((index) => at(confidences, index) >= minConfidence)
    .sort((a, b) => at(confidences, b) - at(confidences, a) || a - b)
    .slice(0, topK)
    .map((index) => ({
      label: labels[index] ?? String(index),
      // Six places: float32 scores have no more to tell, and results are kept by the thousand.
      confidence: Math.round(at(confidences, index) * 1e6) / 1e6,
      index,
    }));
}

function activate(scores: ArrayLike<number>, activation: Activation): Float64Array {
  const values = Float64Array.from(scores);
  if (values.some(Number.isNaN))
    throw new Error('The model answered with values that are no numbers.');
  if (activation === 'sigmoid') return values.map((score) => 1 / (1 + Math.exp(-score)));
  // The largest is taken off first, so that no exponential overflows.
  const largest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = values.map((score) => Math.exp(score - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}
