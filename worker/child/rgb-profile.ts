import { readIccCurve } from './icc-curve.ts';
import { readIccTags } from './icc-tags.ts';

/** An ICC profile that says of red, green and blue how bright they are (a curve) and which colours (a matrix). */
export interface RgbProfile {
  /** Whether it says no more than that the colours are sRGB. */
  isSrgb: boolean;
  /** Turns 8-bit RGB of the profile into that of sRGB, in place; what sRGB cannot show is cut to the nearest that it can. */
  toSrgb(pixels: Uint8Array): void;
}

/** sRGB's makers round otherwise; a thousandth or two is less than a step of 8 bits. */
const NEAR = 0.002;

/** From XYZ under D50, in which profiles speak, to sRGB's light (Lindbloom, by Bradford's adaptation). */
const SRGB_OF_XYZ = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
];
/** White under D50, which is all three primaries together; and how far they may be from it, and each beyond it. */
const WHITE_XYZ = [0.9642, 1, 0.8249];
const NEAR_WHITE = 0.05;
const MOST_XYZ = 1.5;
/** From one of 256 values to the next; three times that of a gamma of 3 at its end. */
const MOST_STEP = 0.035;
const IDENTITY = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

let last: { bytes: Buffer; read: RgbProfile } | undefined;

/** Reads a profile as ICC.1:2010 has it. Undefined for what is damaged, and for those that have a table for all colours. */
export function readRgbProfile(bytes: Buffer): RgbProfile | undefined {
  // The next picture mostly has the same, and its curves take 0.2 ms.
  if (last?.bytes.equals(bytes)) return last.read;
  const read = parse(bytes);
  if (read) last = { bytes, read };
  return read;
}

function parse(profile: Buffer): RgbProfile | undefined {
  const tags = readIccTags(profile);
  // A table for all colours comes before curves and primaries.
  if (!tags || [...tags.keys()].some((name) => /^[ABD]2[ABD]/.test(name))) return undefined;
  const primaries = ['rXYZ', 'gXYZ', 'bXYZ'].map((name) => readXyz(tags.get(name)));
  const curves = ['rTRC', 'gTRC', 'bTRC'].map((name) => readIccCurve(tags.get(name)));
  if (!primaries.every((xyz) => xyz !== undefined)) return undefined;
  if (!comeToWhite(primaries)) return undefined;
  if (!curves.every((curve) => curve !== undefined)) return undefined;
  const light = curves.map((curve) => Float32Array.from({ length: 256 }, (_, x) => curve(x / 255)));
  if (!light.every(isLight)) return undefined;
  const matrix = SRGB_OF_XYZ.map((row) =>
    primaries.map((xyz) => row.reduce((sum, factor, at) => sum + factor * (xyz[at] ?? 0), 0)),
  );
  return {
    isSrgb:
      matrix.every((row, y) => row.every((value, x) => isNear(value, IDENTITY[y]?.[x] ?? 0))) &&
      light.every((values) => values.every((value, x) => isNear(value, lightOf(x / 255)))),
    toSrgb: (pixels) => convert(pixels, light, matrix),
  };
}

/** What does not is damaged, or of a kind that sharp knows more about. */
function comeToWhite(primaries: number[][]): boolean {
  return WHITE_XYZ.every((wanted, at) => {
    const values = primaries.map((xyz) => xyz[at] ?? 0);
    const sum = values.reduce((one, other) => one + other);
    return (
      Math.abs(sum - wanted) <= NEAR_WHITE && values.every((value) => Math.abs(value) <= MOST_XYZ)
    );
  });
}

/** From black to white without a fall or a jump, and in the middle as by a gamma between 1 and 3. A damaged curve mostly is not. */
function isLight(values: Float32Array): boolean {
  const [first = 1, middle = 1, last = 0] = [0, 128, 255].map((at) => values[at]);
  return (
    values.every((value, at) => {
      const step = value - (values[at - 1] ?? 0);
      return value >= 0 && value <= 1 && step >= 0 && step <= MOST_STEP;
    }) &&
    first <= 0.02 &&
    last >= 0.98 &&
    middle >= 0.1 &&
    middle <= 0.55
  );
}

function readXyz(tag: Buffer | undefined): number[] | undefined {
  if (!tag || tag.length < 20 || tag.toString('latin1', 0, 4) !== 'XYZ ') return undefined;
  return [8, 12, 16].map((at) => tag.readInt32BE(at) / 65_536);
}

/** Finely enough that its steps are less than half a step of 8 bits where sRGB is steepest. */
const STEPS = 16_383;
let srgbOfLight: Uint8Array | undefined;

function convert(pixels: Uint8Array, light: Float32Array[], matrix: number[][]): void {
  srgbOfLight ??= Uint8Array.from({ length: STEPS + 1 }, (_, at) =>
    Math.round(255 * srgbOf(at / STEPS)),
  );
  const table = srgbOfLight;
  const [red, green, blue] = light as [Float32Array, Float32Array, Float32Array];
  const [rr, rg, rb, gr, gg, gb, br, bg, bb] = matrix.flat().map((value) => value * STEPS) as [
    ...[number, number, number],
    ...[number, number, number],
    ...[number, number, number],
  ];
  for (let at = 0; at < pixels.length; at += 3) {
    const r = red[pixels[at] as number] as number;
    const g = green[pixels[at + 1] as number] as number;
    const b = blue[pixels[at + 2] as number] as number;
    pixels[at] = table[step(rr * r + rg * g + rb * b)] as number;
    pixels[at + 1] = table[step(gr * r + gg * g + gb * b)] as number;
    pixels[at + 2] = table[step(br * r + bg * g + bb * b)] as number;
  }
}

function step(value: number): number {
  return value <= 0 ? 0 : value >= STEPS ? STEPS : (value + 0.5) | 0;
}

/** sRGB (IEC 61966-2-1): the light of a value, and the other way round. */
function lightOf(x: number): number {
  return x >= 0.04045 ? ((x + 0.055) / 1.055) ** 2.4 : x / 12.92;
}

function srgbOf(light: number): number {
  return light > 0.0031308 ? 1.055 * light ** (1 / 2.4) - 0.055 : 12.92 * light;
}

function isNear(value: number, other: number): boolean {
  return Math.abs(value - other) <= NEAR;
}
