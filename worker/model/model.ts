import type { ModelInfo } from '../../shared/model-info.ts';
import type { Layout } from './layout.ts';
import type { Preprocessing } from './preprocessing.ts';
import type { Activation } from './rank.ts';

/** A model as its folder describes it and its graph confirms. */
export interface Model extends ModelInfo {
  preprocessing: Preprocessing;
  activation: Activation;
  layout: Layout;
  inputName: string;
  outputName: string;
}
