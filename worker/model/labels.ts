import { fieldsOf } from './fields.ts';
import { ModelFolderError } from './model-folder-error.ts';
import type { Activation } from './rank.ts';
import { isObject, type JsonObject } from './read-json.ts';

/** The labels of `id2label`, in the order of the model's output: its keys are 0, 1, 2, … without a hole. */
export function parseLabels(file: string, config: JsonObject): string[] {
  const { id2label } = config;
  const { refuse } = fieldsOf(file, config);
  if (!isObject(id2label)) return refuse('id2label', 'an object of labels by index');
  const count = Object.keys(id2label).length;
  if (count === 0) refuse('id2label', 'at least one label');
  const labels = Array.from({ length: count }, (_, index) => {
    const label = id2label[index];
    if (typeof label === 'string') return label;
    throw new ModelFolderError(file, `id2label["${index}"]`, 'a text', label);
  });
  if ((config.num_labels ?? count) !== count) {
    refuse('num_labels', `${count}, as many as id2label has,`);
  }
  return labels;
}

/** By `problem_type`; softmax where it is not given, as for Hugging Face's classifiers of one label. */
export function parseActivation(file: string, config: JsonObject): Activation {
  switch (config.problem_type ?? 'single_label_classification') {
    case 'single_label_classification':
      return 'softmax';
    case 'multi_label_classification':
      return 'sigmoid';
    default:
      return fieldsOf(file, config).refuse(
        'problem_type',
        'single_label_classification or multi_label_classification',
      );
  }
}
