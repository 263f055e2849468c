/** The first number of a profile's version. */
const NEWEST_VERSION = 4;

/** The tags of a profile for pictures in red, green and blue that speaks of XYZ. Undefined for others, and for what is damaged. */
export function readIccTags(profile: Buffer): Map<string, Buffer> | undefined {
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
