import { readExifOrientation } from './exif-orientation.ts';
import { type RgbProfile, readRgbProfile } from './rgb-profile.ts';

/** What the head of a plain JPEG says: the size of its pixels as they are stored, how they are to be turned, and which colours they are. */
export interface PlainJpeg {
  width: number;
  height: number;
  /** As in EXIF, from 1 to 8. */
  orientation: number;
  /** Where the colours are not those of sRGB. */
  profile?: RgbProfile;
}

const EXIF_HEAD = 'Exif\0\0';
const ICC_HEAD = 'ICC_PROFILE\0';

/**
 * Reads a JPEG's segments up to its first pixels. Undefined for whatever is not the common kind: 8 bits, baseline or
 * progressive, grey or YCbCr with the usual sampling, with a profile that is plain too. Each step passes a segment, so it ends with the bytes.
 */
export function readPlainJpeg(image: Uint8Array): PlainJpeg | undefined {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  let frame: { width: number; height: number; channels: number } | undefined;
  let orientation: number | undefined;
  let profileParts = 0;
  const profile: Buffer[] = [];
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] as number;
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end < at + 4 || end > bytes.length) return undefined;
    const segment = bytes.subarray(at + 4, end);
    if (marker === SOS) {
      if (!frame || profile.length !== profileParts) return undefined;
      const { width, height, channels } = frame;
      const plain = { width, height, orientation: orientation ?? 1 };
      if (profileParts === 0) return plain;
      const colours = readRgbProfile(Buffer.concat(profile));
      // A grey picture's profile would be one of grey.
      if (!colours || channels === 1) return undefined;
      return colours.isSrgb ? plain : { ...plain, profile: colours };
    }
    if (marker === SOF0 || marker === SOF2) {
      if (frame) return undefined;
      frame = readFrame(segment);
      if (!frame) return undefined;
    } else if (marker === APP1 && startsWith(segment, 'Exif')) {
      if (orientation !== undefined || !startsWith(segment, EXIF_HEAD)) return undefined;
      orientation = readExifOrientation(segment.subarray(EXIF_HEAD.length));
      if (orientation === undefined) return undefined;
    } else if (marker === APP2 && startsWith(segment, 'ICC_PROFILE')) {
      // Without the zero behind it libvips still takes it for one.
      if (!startsWith(segment, ICC_HEAD)) return undefined;
      const [number, parts = 0] = segment.subarray(ICC_HEAD.length);
      if (number !== profile.length + 1 || (profileParts || parts) !== parts) return undefined;
      profileParts = parts;
      profile.push(segment.subarray(ICC_HEAD.length + 2));
    } else if (marker === APP14 && startsWith(segment, 'Adobe')) {
      // Adobe's word for YCbCr; any other stands for other channels.
      if (segment[11] !== 1) return undefined;
    } else if (!isHarmless(marker)) {
      return undefined;
    }
    at = end;
  }
  return undefined;
}

const [SOF0, SOF2, SOS, APP1, APP2, APP14] = [0xc0, 0xc2, 0xda, 0xe1, 0xe2, 0xee];

/** Tables, comments and what applications write. */
function isHarmless(marker: number): boolean {
  const [dht, dqt, dri, com, app0, app15] = [0xc4, 0xdb, 0xdd, 0xfe, 0xe0, 0xef];
  return [dht, dqt, dri, com].includes(marker) || (marker >= app0 && marker <= app15);
}

/** Grey, or YCbCr whose colours are as fine as the light, or half as fine across, down, or both. */
function readFrame(
  segment: Buffer,
): { width: number; height: number; channels: number } | undefined {
  const [precision, , , , , channels = 0] = segment;
  if (precision !== 8 || (channels !== 1 && channels !== 3)) return undefined;
  if (segment.length !== 6 + 3 * channels) return undefined;
  const height = segment.readUInt16BE(1);
  const width = segment.readUInt16BE(3);
  if (width === 0 || height === 0) return undefined;
  const light = [0x11, 0x12, 0x21, 0x22];
  for (let channel = 0; channel < channels; channel++) {
    const [id, sampling = 0] = segment.subarray(6 + 3 * channel);
    if (channels === 3 && id !== channel + 1) return undefined;
    const isUsual = channel === 0 && channels === 3 ? light.includes(sampling) : sampling === 0x11;
    if (!isUsual) return undefined;
  }
  return { width, height, channels };
}

function startsWith(segment: Buffer, head: string): boolean {
  return segment.toString('latin1', 0, head.length) === head;
}
