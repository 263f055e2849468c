export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  left: number;
  top: number;
}

/** How to come from a picture to the middle of its resized form, touching no more of it than is seen. */
export interface CropPlan {
  /** What of the picture is resized, in its own pixels. */
  source: Box;
  /** The size that the source is resized to. */
  resized: Size;
  /** What is then cut out of it. */
  window: Box;
  /** What is put around it, where the crop is larger than the picture. */
  padding: { left: number; top: number; right: number; bottom: number };
}

/** Beyond what the kernel reaches, in resized pixels: lanczos3 has three on each side. */
const MARGIN = 4;

/** Plans one axis: `from` pixels become `to`, of which the middle `crop` are wanted. */
function planAxis(from: number, to: number, crop: number) {
  // As Hugging Face's center_crop rounds.
  const start = Math.trunc((to - crop) / 2);
  const cutStart = Math.max(0, start);
  const cutEnd = Math.min(to, start + crop);
  const before = Math.max(0, Math.ceil((crop - to) / 2));
  const padding = { before, after: Math.max(0, crop - to - before) };
  if (to <= 8 * crop) return { at: 0, from, to, cut: cutStart, length: cutEnd - cutStart, padding };
  // A very long picture: only the part around its middle is resized, or it would take gigabytes.
  const scale = from / to;
  const sourceStart = Math.max(0, Math.floor((cutStart - MARGIN) * scale));
  const sourceEnd = Math.min(from, Math.ceil((cutEnd + MARGIN) * scale));
  const length = Math.max(crop, Math.round((sourceEnd - sourceStart) / scale));
  const cut = Math.min(Math.max(0, Math.round(cutStart - sourceStart / scale)), length - crop);
  return { at: sourceStart, from: sourceEnd - sourceStart, to: length, cut, length: crop, padding };
}

export function planCrop(picture: Size, resized: Size, crop: Size): CropPlan {
  const x = planAxis(picture.width, resized.width, crop.width);
  const y = planAxis(picture.height, resized.height, crop.height);
  return {
    source: { left: x.at, top: y.at, width: x.from, height: y.from },
    resized: { width: x.to, height: y.to },
    window: { left: x.cut, top: y.cut, width: x.length, height: y.length },
    padding: {
      left: x.padding.before,
      right: x.padding.after,
      top: y.padding.before,
      bottom: y.padding.after,
    },
  };
}
