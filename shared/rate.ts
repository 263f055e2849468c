/** A rate limit: so many submissions in any window of so many seconds. */
export interface Rate {
  count: number;
  windowSeconds: number;
}

/** A key's own window is kept as a time for each submission in it, so its length is bounded. */
export const MAX_RATE_COUNT = 100_000;

const windows: Record<string, number> = { s: 1, min: 60, h: 3600 };

/** What a rate looks like, for error sentences. */
export const RATE_FORM = `a rate as 5/min, 10/s or 1000/h, of at most ${MAX_RATE_COUNT}`;

/** Parses `N/s`, `N/min`, `N/h`, or a bare N for a minute's; undefined where it is none of them. */
export function parseRate(text: string): Rate | undefined {
  const [, count = '', unit = 'min'] = /^([1-9]\d{0,5})(?:\/(s|min|h))?$/.exec(text.trim()) ?? [];
  const windowSeconds = windows[unit];
  if (!count || !windowSeconds || Number(count) > MAX_RATE_COUNT) return undefined;
  return { count: Number(count), windowSeconds };
}

export function formatRate({ count, windowSeconds }: Rate): string {
  const unit = Object.entries(windows).find(([, seconds]) => seconds === windowSeconds)?.[0];
  return `${count}/${unit}`;
}
