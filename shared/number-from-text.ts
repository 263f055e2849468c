/**
 * The number that a text stands for, as programs write it into a query: Python makes 0.00001 into `1e-05`. Undefined
 * for anything else, also for what JavaScript's Number takes besides (`0x10`, an empty text, white space).
 */
export function numberFromText(text: string): number | undefined {
  return /^-?\d{1,30}(\.\d{1,30})?(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : undefined;
}
