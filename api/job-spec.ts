import type { Config } from '../shared/config.ts';
import type { ImageFormat } from '../shared/image-formats.ts';
import type { JobOptions } from '../shared/job-options.ts';
import type { JobSpec } from '../shared/job-record.ts';
import type { Registered } from '../shared/worker-registry.ts';
import { resolveModel } from './resolve-model.ts';

/** What is settled about a job at its submission. Throws `unknown_model`. */
export function jobSpec(
  options: JobOptions,
  image: { format?: ImageFormat; bytes: number },
  config: Pick<Config, 'defaultModel'>,
  registered: Registered,
): JobSpec {
  const model = resolveModel(options.model, config.defaultModel, registered);
  return {
    model: model.name,
    ...(model.sha256 ? { modelSha256: model.sha256 } : {}),
    topK: options.top_k,
    minConfidence: options.min_confidence,
    ...image,
    createdAt: Date.now(),
  };
}
