import type { fieldsOf } from './fields.ts';

/** How a picture's size becomes the size that it is resized to. */
export type ResizeRule =
  /** To exactly this size, whatever the picture's shape. */
  | { kind: 'exact'; width: number; height: number }
  /** The shorter edge to so many pixels, the other in proportion; a longest edge bounds the other. */
  | { kind: 'shortest_edge'; edge: number; longest?: number };

/** Reads the rule from `size` in all the forms that Hugging Face's processors write. */
export function parseResizeRule(fields: ReturnType<typeof fieldsOf>): ResizeRule {
  const size = fields.size('size') ?? fields.refuse('size', 'a number of pixels or an object');
  if (typeof size === 'number') {
    return fields.flag('default_to_square', true)
      ? { kind: 'exact', width: size, height: size }
      : { kind: 'shortest_edge', edge: size };
  }
  const { width, height, shortest_edge: edge, longest_edge: longest } = size;
  if (width && height) return { kind: 'exact', width, height };
  if (!edge) return fields.refuse('size', 'a number, height and width, or shortest_edge');
  if (!longest) return { kind: 'shortest_edge', edge };
  if (longest < edge) fields.refuse('size', 'a longest_edge of at least shortest_edge');
  return { kind: 'shortest_edge', edge, longest };
}

/** The rule where only so much of the resized picture is seen: resized larger by `crop_pct`, for a crop to follow. */
export function enlargeForCrop(
  fields: ReturnType<typeof fieldsOf>,
  rule: ResizeRule,
): { kind: 'shortest_edge'; edge: number } {
  const cropPct = fields.number('crop_pct', 1);
  if (cropPct <= 0 || cropPct > 1) fields.refuse('crop_pct', 'a number above 0, at most 1,');
  const edge = rule.kind === 'exact' ? Math.min(rule.width, rule.height) : rule.edge;
  return { kind: 'shortest_edge', edge: Math.trunc(edge / cropPct) };
}

/** The size in pixels that a picture is resized to; each edge at least 1. */
export function resizedSize(
  rule: ResizeRule | undefined,
  { width, height }: { width: number; height: number },
): { width: number; height: number } {
  if (!rule) return { width, height };
  if (rule.kind === 'exact') return { width: rule.width, height: rule.height };
  const [short, long] = width <= height ? [width, height] : [height, width];
  let toShort = rule.edge;
  let toLong = Math.trunc((rule.edge * long) / short);
  if (rule.longest && toLong > rule.longest) {
    toShort = Math.max(1, Math.trunc((rule.longest * toShort) / toLong));
    toLong = rule.longest;
  }
  return width <= height ? { width: toShort, height: toLong } : { width: toLong, height: toShort };
}
