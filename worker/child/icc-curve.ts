/** The light of a value, both from 0 to 1 where the profile is whole. */
export type IccCurve = (x: number) => number;

/** More than any parameter is. */
const MOST_PARAMETER = 4;
/** How many parameters each kind of formula has. */
const PARAMETERS = [1, 3, 4, 5, 7];

/** Reads a curve of a profile: a table or a formula (ICC.1:2010, 10.5 and 10.15). Undefined for what is damaged. */
export function readIccCurve(tag: Buffer | undefined): IccCurve | undefined {
  const kind = tag?.toString('latin1', 0, 4);
  if (!tag || tag.length < 12) return undefined;
  if (kind === 'curv') return readTable(tag);
  const formula = tag.readUInt16BE(8);
  const parameters = PARAMETERS[formula];
  if (kind !== 'para' || !parameters || tag.length < 12 + 4 * parameters) return undefined;
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = Array.from(
    { length: parameters },
    (_, at) => tag.readInt32BE(12 + 4 * at) / 65_536,
  );
  if ([g, a, b, c, d, e, f].some((value) => Math.abs(value) > MOST_PARAMETER)) return undefined;
  const power: IccCurve = (x) => (a * x + b) ** g;
  const formulas: IccCurve[] = [
    (x) => x ** g,
    (x) => (a * x + b >= 0 ? power(x) : 0),
    (x) => (a * x + b >= 0 ? power(x) + c : c),
    (x) => (x >= d ? power(x) : c * x),
    (x) => (x >= d ? power(x) + e : c * x + f),
  ];
  return formulas[formula];
}

/** Nothing for a straight line, one value for a gamma, or more for a line from each to the next. */
function readTable(tag: Buffer): IccCurve | undefined {
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
