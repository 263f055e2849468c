export interface Size {
  width: number;
  height: number;
}

/** One axis of a picture that is resized from `from` to `to` pixels, of which the middle is seen. */
export interface AxisPlan {
  from: number;
  to: number;
  /** The part of the resized picture that is seen, in its pixels. */
  start: number;
  length: number;
  /** How many zeros stand before it, where the crop is larger than the picture. */
  before: number;
}

/** What of the resized picture is seen, and where in the crop it stands. Rounds as Hugging Face's center_crop does. */
export function planCrop(picture: Size, resized: Size, crop: Size): { x: AxisPlan; y: AxisPlan } {
  return {
    x: planAxis(picture.width, resized.width, crop.width),
    y: planAxis(picture.height, resized.height, crop.height),
  };
}

function planAxis(from: number, to: number, crop: number): AxisPlan {
  return {
    from,
    to,
    start: Math.max(0, Math.trunc((to - crop) / 2)),
    length: Math.min(to, crop),
    before: Math.max(0, Math.ceil((crop - to) / 2)),
  };
}
