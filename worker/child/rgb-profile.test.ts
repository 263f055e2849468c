import { describe, expect, it } from 'vitest';
import { readRgbProfile } from './rgb-profile.ts';

type Xyz = [number, number, number];

const srgb: Xyz[] = [
  [0.43607, 0.22249, 0.01392],
  [0.38515, 0.71687, 0.09708],
  [0.14307, 0.06061, 0.7141],
];
const displayP3: Xyz[] = [
  [0.51512, 0.2412, -0.00105],
  [0.29198, 0.69225, 0.04189],
  [0.1571, 0.06657, 0.78407],
];

function table(...values: number[]): Buffer {
  const tag = Buffer.alloc(12 + 2 * values.length);
  tag.write('curv', 'latin1');
  tag.writeUInt32BE(values.length, 8);
  for (const [at, value] of values.entries()) tag.writeUInt16BE(value, 12 + 2 * at);
  return tag;
}

function formula(kind: number, ...parameters: number[]): Buffer {
  const tag = Buffer.alloc(12 + 4 * parameters.length);
  tag.write('para', 'latin1');
  tag.writeUInt16BE(kind, 8);
  for (const [at, value] of parameters.entries()) {
    tag.writeInt32BE(Math.round(value * 65_536), 12 + 4 * at);
  }
  return tag;
}

function profileOf(
  primaries: Xyz[],
  curve: Buffer,
  { more = {}, kind = 'mntrRGB XYZ ' }: { more?: Record<string, Buffer>; kind?: string } = {},
): Buffer {
  const [rXYZ, gXYZ, bXYZ] = primaries.map((xyz) => {
    const tag = Buffer.alloc(20);
    tag.write('XYZ ', 'latin1');
    for (const [at, value] of xyz.entries()) {
      tag.writeInt32BE(Math.round(value * 65_536), 8 + 4 * at);
    }
    return tag;
  });
  const tags = { rXYZ, gXYZ, bXYZ, rTRC: curve, gTRC: curve, bTRC: curve, ...more };
  const entries = Object.entries(tags) as [string, Buffer][];
  const head = Buffer.alloc(132 + 12 * entries.length);
  head.writeUInt8(4, 8);
  head.write(kind, 12, 'latin1');
  head.write('acsp', 36, 'latin1');
  head.writeUInt32BE(entries.length, 128);
  let at = head.length;
  for (const [index, [name, tag]] of entries.entries()) {
    const entry = 132 + 12 * index;
    head.write(name, entry, 'latin1');
    head.writeUInt32BE(at, entry + 4);
    head.writeUInt32BE(tag.length, entry + 8);
    at += tag.length;
  }
  head.writeUInt32BE(at, 0);
  return Buffer.concat([head, ...entries.map(([, tag]) => tag)]);
}

function withByte(at: number, value: number): Buffer {
  const profile = profileOf(srgb, gamma);
  profile[at] = value;
  return profile;
}

/** Of its seven tags two say how bright red is. */
function withTwin(): Buffer {
  const profile = profileOf(srgb, gamma, { more: { twin: gamma } });
  profile.write('rTRC', 132 + 12 * 6, 'latin1');
  return profile;
}

function toSrgb(profile: Buffer, pixels: number[]): number[] {
  const read = readRgbProfile(profile);
  const converted = Uint8Array.from(pixels);
  read?.toSrgb(converted);
  return read ? [...converted] : [];
}

const greys = Array.from({ length: 256 }, (_, x) => [x, x, x]).flat();
const gamma = table(Math.round(2.2 * 256));

describe('each kind of curve means the same', () => {
  it.each([
    [
      'a table',
      table(...Array.from({ length: 4096 }, (_, x) => 65_535 * (x / 4095) ** 2.19921875)),
    ],
    ['formula 0', formula(0, 2.19921875)],
    ['formula 1', formula(1, 2.19921875, 1, 0)],
    ['formula 2', formula(2, 2.19921875, 1, 0, 0)],
    ['formula 3', formula(3, 2.19921875, 1, 0, 0, 0)],
    ['formula 4', formula(4, 2.19921875, 1, 0, 0, 0, 0, 0)],
  ])('%s', (_, curve) => {
    const expected = toSrgb(profileOf(srgb, gamma), greys);
    for (const [at, value] of toSrgb(profileOf(srgb, curve), greys).entries()) {
      expect(Math.abs(value - (expected[at] ?? 0))).toBeLessThanOrEqual(1);
    }
  });
});

it('light that is not curved is made brighter, by the formula of sRGB', () => {
  expect(
    toSrgb(profileOf(srgb, table()), [0, 0, 0, 1, 1, 1, 55, 55, 55, 128, 128, 128, 255, 255, 255]),
  ).toEqual([0, 0, 0, 13, 13, 13, 128, 128, 128, 188, 188, 188, 255, 255, 255]);
});

it('sRGB itself stays as it is', () => {
  const curve = formula(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045);
  const profile = profileOf(srgb, curve);
  expect(readRgbProfile(profile)?.isSrgb).toBe(true);
  expect(toSrgb(profile, greys)).toEqual(greys);
  expect(readRgbProfile(profileOf(srgb, gamma))?.isSrgb).toBe(false);
  expect(readRgbProfile(profileOf(displayP3, curve))?.isSrgb).toBe(false);
});

it('what sRGB cannot show is cut to the nearest that it can', () => {
  const curve = formula(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045);
  // By hand: P3's red is 1.2249, -0.0420, -0.0196 in sRGB's light; and white is white.
  expect(toSrgb(profileOf(displayP3, curve), [255, 0, 0, 255, 255, 255, 100, 0, 0])).toEqual([
    ...[255, 0, 0],
    ...[255, 255, 255],
    ...[110, 0, 0],
  ]);
});

it.each<[string, Buffer]>([
  ['of nothing', Buffer.alloc(0)],
  ['of grey', profileOf(srgb, gamma, { kind: 'mntrGRAYXYZ ' })],
  ['of Lab', profileOf(srgb, gamma, { kind: 'mntrRGB Lab ' })],
  ['of a link between devices', profileOf(srgb, gamma, { kind: 'linkRGB XYZ ' })],
  ['that bears another signature than acsp', withByte(37, 0)],
  ['of a version that is to come', withByte(8, 5)],
  ['with two tags of one name', withTwin()],
  ['with a table for all colours', profileOf(srgb, gamma, { more: { A2B0: table() } })],
  ['without a curve', profileOf(srgb, gamma, { more: { gTRC: Buffer.alloc(12) } })],
  ['with a formula that there is not', profileOf(srgb, formula(5, 1, 1, 1, 1, 1, 1, 1))],
  ['with a formula that lacks a parameter', profileOf(srgb, formula(3, 2.4, 1, 0, 0))],
  ['with a curve beyond white', profileOf(srgb, formula(2, 1, 1, 0, 0.5))],
  ['with a curve that is no number', profileOf(srgb, formula(4, 0.5, 1, -0.5, 1, 0, 0, 0))],
  ['with a curve that falls', profileOf(srgb, table(0, 40_000, 20_000, 65_535))],
  ['with a curve that jumps', profileOf(srgb, formula(3, 2.4, 0.95, 0.05, 0.08, 0.46))],
  ['with a curve that does not come to white', profileOf(srgb, table(0, 30_000))],
  ['with a curve that begins with light', profileOf(srgb, table(9_000, 65_535))],
  ['with a curve that is all but a step', profileOf(srgb, formula(0, 0.2))],
  ['with a curve of a parameter far out', profileOf(srgb, formula(3, 2.4, 0.95, 0.05, 0.08, -99))],
  ['with a table that is cut off', profileOf(srgb, table(0, 1, 2).subarray(0, 16))],
  ['without a primary', profileOf(srgb, gamma, { more: { bXYZ: Buffer.alloc(20) } })],
  ['of primaries that come to no white', profileOf([[0.9, 0.22, 0.01], ...srgb.slice(1)], gamma)],
  ['with a primary far beyond white', profileOf([[256.4, 0.2, 0], ...srgb.slice(1)], gamma)],
  ['cut off', profileOf(srgb, gamma).subarray(0, -1)],
])('a profile %s is not plain', (_, profile) => {
  expect(readRgbProfile(profile)).toBeUndefined();
});
