import { expected, PublicError } from '../shared/errors.ts';
import type { Registered } from '../shared/worker-registry.ts';

/**
 * The model of a job: the one asked for, or the default. Throws `unknown_model` for one that no worker has. Before
 * any worker has told what it has, only the default can be taken on trust.
 */
export function resolveModel(
  asked: string | undefined,
  defaultModel: string,
  { models }: Registered,
): { name: string; sha256?: string } {
  const name = asked ?? defaultModel;
  const found = models.find((model) => model.name === name);
  if (found) return { name, sha256: found.sha256 };
  if (name === defaultModel) return { name };
  if (models.length === 0) {
    throw new PublicError(
      'unavailable',
      'No worker has told yet which models it has. Try again in a few seconds.',
      {
        headers: { 'Retry-After': '5' },
      },
    );
  }
  const known = models.map((model) => model.name).join(', ');
  throw new PublicError('unknown_model', expected(`one of ${known}`, 'model', name));
}
