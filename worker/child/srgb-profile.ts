/** What a profile with red, green and blue as sRGB has them says of each, as XYZ under D50. */
const primaries = {
  rXYZ: [0.4361, 0.2225, 0.0139],
  gXYZ: [0.3851, 0.7169, 0.0971],
  bXYZ: [0.1431, 0.0606, 0.7141],
};

/** sRGB's makers round otherwise; a thousandth or two is less than a step of 8 bits. */
const NEAR = 0.002;

/** Whether an ICC profile says no more than that the colours are sRGB, which is what they come to anyway. */
export function isSrgbProfile(profile: Buffer): boolean {
  if (profile.length < 132 || profile.readUInt32BE(0) !== profile.length) return false;
  if (profile.toString('latin1', 16, 24) !== 'RGB XYZ ') return false;
  const count = profile.readUInt32BE(128);
  if (132 + 12 * count > profile.length) return false;
  const tags = new Map<string, Buffer>();
  for (let entry = 132; entry < 132 + 12 * count; entry += 12) {
    const start = profile.readUInt32BE(entry + 4);
    const end = start + profile.readUInt32BE(entry + 8);
    if (end > profile.length) return false;
    tags.set(profile.toString('latin1', entry, entry + 4), profile.subarray(start, end));
  }
  // A table for all colours comes before curves and primaries.
  if ([...tags.keys()].some((name) => /^[ABD]2[ABD]/.test(name))) return false;
  return (
    Object.entries(primaries).every(([name, xyz]) => isNear(tags.get(name), xyz)) &&
    ['rTRC', 'gTRC', 'bTRC'].every((name) => isSrgbCurve(tags.get(name)))
  );
}

function isNear(tag: Buffer | undefined, xyz: number[]): boolean {
  if (!tag || tag.length < 20 || tag.toString('latin1', 0, 4) !== 'XYZ ') return false;
  return xyz.every((value, at) => Math.abs(fixed(tag, 8 + 4 * at) - value) <= NEAR);
}

function isSrgbCurve(tag: Buffer | undefined): boolean {
  const curve = tag && readCurve(tag);
  if (!curve) return false;
  const places = Array.from({ length: 33 }, (_, at) => at / 32);
  return places.every((x) => Math.abs(curve(x) - srgb(x)) <= NEAR);
}

/** A curve as a table of enough values, or as the formula with five parameters; undefined for the other kinds. */
function readCurve(tag: Buffer): ((x: number) => number) | undefined {
  const kind = tag.toString('latin1', 0, 4);
  if (kind === 'curv' && tag.length >= 12) {
    const count = tag.readUInt32BE(8);
    if (count < 256 || tag.length < 12 + 2 * count) return undefined;
    return (x) => tag.readUInt16BE(12 + 2 * Math.round(x * (count - 1))) / 65_535;
  }
  if (kind !== 'para' || tag.length < 32 || tag.readUInt16BE(8) !== 3) return undefined;
  const [g, a, b, c, d] = [0, 1, 2, 3, 4].map((at) => fixed(tag, 12 + 4 * at)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return (x) => (x >= d ? (a * x + b) ** g : c * x);
}

function srgb(x: number): number {
  return x >= 0.04045 ? ((x + 0.055) / 1.055) ** 2.4 : x / 12.92;
}

function fixed(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) / 65_536;
}
