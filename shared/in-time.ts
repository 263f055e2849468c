/** What a promise resolves to; rejects where that takes more than `ms` milliseconds, as ioredis does of a command. */
export function inTime<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('Command timed out')), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
