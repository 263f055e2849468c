/** Asks again until the answer is as wanted; throws with the last answer where that takes more than ten seconds. */
export async function until<T>(
  read: () => Promise<T>,
  isRight: (value: T) => boolean,
  withinMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await read();
    if (isRight(value)) return value;
    if (performance.now() > deadline) {
      throw new Error(`Still ${JSON.stringify(value)} after ${withinMs} ms.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
