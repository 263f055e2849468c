export interface ProgressState {
  total: number;
  done: number;
  failed: number;
}

/** How far it is, in words: `412 of 1000, 63 images/s, 9 s left, 3 failed`. */
export function progressText(
  { total, done, failed }: ProgressState,
  perSecond: number | undefined,
): string {
  const parts = [`${done} of ${total}`];
  if (perSecond !== undefined) {
    parts.push(`${formatSpeed(perSecond)} images/s`);
    if (done < total) parts.push(`${formatSeconds((total - done) / perSecond)} left`);
  }
  if (failed > 0) parts.push(`${failed} failed`);
  return parts.join(', ');
}

/** How much of a width is done. */
export function filledWidth({ total, done }: ProgressState, width: number): number {
  return total > 0 ? Math.min(width, Math.floor((done * width) / total)) : width;
}

export function formatSpeed(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}

export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
