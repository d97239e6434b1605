import { within } from '../../ops/clock.ts';

/** Limits a call of the library, which has no timeout for a server that is not Kafka. @throws Error after `limitMs` */
export const inTime = <T>(limitMs: number, call: Promise<T>): Promise<T> =>
  within(call, limitMs, `no answer from a Kafka broker within ${limitMs} ms`);
