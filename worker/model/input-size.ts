import type { GraphInput } from './layout.ts';
import { ModelFolderError } from './model-folder-error.ts';
import type { Preprocessing } from './preprocessing.ts';

/** The one size that every picture comes to, in pixels. Throws ModelFolderError where the graph takes another. */
export function inputSize(
  file: string,
  { crop, resize }: Preprocessing,
  input: GraphInput,
): { width: number; height: number } {
  const exact = resize?.kind === 'exact' ? resize : undefined;
  const made = crop ?? exact;
  if (!made) {
    const what =
      'a crop, or a size with height and width, so that every picture comes to one size,';
    throw new ModelFolderError(file, 'crop_size', what, undefined);
  }
  const { width, height } = made;
  const takes = { width: input.width ?? width, height: input.height ?? height };
  if (takes.width === width && takes.height === height) return { width, height };
  throw new ModelFolderError(
    file,
    crop ? 'crop_size' : 'size',
    `${takes.width} × ${takes.height}, which the graph takes,`,
    `${width} × ${height}`,
  );
}
