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
/** More than any formula's parameter is. */
const MOST_PARAMETER = 4;
const IDENTITY = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

/** Its first number. */
const NEWEST_VERSION = 4;

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
  const tags = readTags(profile);
  // A table for all colours comes before curves and primaries.
  if (!tags || [...tags.keys()].some((name) => /^[ABD]2[ABD]/.test(name))) return undefined;
  const primaries = ['rXYZ', 'gXYZ', 'bXYZ'].map((name) => readXyz(tags.get(name)));
  const curves = ['rTRC', 'gTRC', 'bTRC'].map((name) => readCurve(tags.get(name)));
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

/** From black to white without a fall, and in the middle as by a gamma between 1 and 3. A damaged curve mostly is not. */
function isLight(values: Float32Array): boolean {
  const [first = 1, middle = 1, last = 0] = [0, 128, 255].map((at) => values[at]);
  return (
    values.every((value, at) => value >= 0 && value <= 1 && value >= (values[at - 1] ?? 0)) &&
    first <= 0.02 &&
    last >= 0.98 &&
    middle >= 0.1 &&
    middle <= 0.55
  );
}

/** The tags of a profile for pictures in red, green and blue that speaks of XYZ. */
function readTags(profile: Buffer): Map<string, Buffer> | undefined {
  if (profile.length < 132 || profile.readUInt32BE(0) !== profile.length) return undefined;
  if (!/^(mntr|scnr|spac)RGB XYZ $/.test(profile.toString('latin1', 12, 24))) return undefined;
  if (profile.readUInt8(8) > NEWEST_VERSION || profile.toString('latin1', 36, 40) !== 'acsp') {
    return undefined;
  }
  const count = profile.readUInt32BE(128);
  if (132 + 12 * count > profile.length) return undefined;
  const tags = new Map<string, Buffer>();
  for (let entry = 132; entry < 132 + 12 * count; entry += 12) {
    const start = profile.readUInt32BE(entry + 4);
    const end = start + profile.readUInt32BE(entry + 8);
    if (end > profile.length) return undefined;
    tags.set(profile.toString('latin1', entry, entry + 4), profile.subarray(start, end));
  }
  // Of two with one name sharp may take the other.
  return tags.size === count ? tags : undefined;
}

function readXyz(tag: Buffer | undefined): number[] | undefined {
  if (!tag || tag.length < 20 || tag.toString('latin1', 0, 4) !== 'XYZ ') return undefined;
  return [8, 12, 16].map((at) => fixed(tag, at));
}

type Curve = (x: number) => number;

/** How many parameters each kind of formula has. */
const PARAMETERS = [1, 3, 4, 5, 7];

function readCurve(tag: Buffer | undefined): Curve | undefined {
  const kind = tag?.toString('latin1', 0, 4);
  if (!tag || tag.length < 12) return undefined;
  if (kind === 'curv') return readTable(tag);
  const formula = tag.readUInt16BE(8);
  const parameters = PARAMETERS[formula];
  if (kind !== 'para' || !parameters || tag.length < 12 + 4 * parameters) return undefined;
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = Array.from(
    { length: parameters },
    (_, at) => fixed(tag, 12 + 4 * at),
  );
  if ([g, a, b, c, d, e, f].some((value) => Math.abs(value) > MOST_PARAMETER)) return undefined;
  const power: Curve = (x) => (a * x + b) ** g;
  const formulas: Curve[] = [
    (x) => x ** g,
    (x) => (a * x + b >= 0 ? power(x) : 0),
    (x) => (a * x + b >= 0 ? power(x) + c : c),
    (x) => (x >= d ? power(x) : c * x),
    (x) => (x >= d ? power(x) + e : c * x + f),
  ];
  return formulas[formula];
}

/** Nothing for a straight line, one value for a gamma, or more for a line from each to the next. */
function readTable(tag: Buffer): Curve | undefined {
  const count = tag.readUInt32BE(8);
  if (tag.length < 12 + 2 * count) return undefined;
  if (count === 0) return (x) => x;
  const value = (at: number) => tag.readUInt16BE(12 + 2 * at);
  if (count === 1) return (x) => x ** (value(0) / 256);
  return (x) => {
    const place = x * (count - 1);
    const at = Math.min(count - 2, Math.floor(place));
    return (value(at) + (place - at) * (value(at + 1) - value(at))) / 65_535;
  };
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

function fixed(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) / 65_536;
}
