/** One class of a model: its label, its probability from 0 to 1, its position in the model's output. */
export interface Prediction {
  label: string;
  confidence: number;
  index: number;
}
