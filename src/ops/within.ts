/** Nobody answered in time. What was asked for may still be carried out. */
export class TooLate extends Error {
  override name = 'TooLate';
}

/**
 * What a promise resolves to, if it does in time; what was asked for may still be carried out.
 * @throws TooLate after `ms`
 */
export async function within<T>(promise: Promise<T>, ms: number, late = 'no answer in time'): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(late)), Math.max(1, ms));
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
