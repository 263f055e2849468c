/** What the workers tell of a model that they have loaded. */
export interface ModelInfo {
  /** The folder's name under `models/`. */
  name: string;
  task: 'image-classification';
  /** SHA-256 of `model.onnx`, in hex. */
  sha256: string;
  /** The labels in the order of the model's output. */
  labels: string[];
  /** The model's input in pixels. */
  input: { width: number; height: number };
}
