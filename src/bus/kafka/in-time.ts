import { within } from '../../ops/clock.ts';

/** What a call answers. The library waits for ever for a server that talks, but not Kafka. @throws Error after `limitMs` */
export const inTime = <T>(limitMs: number, call: Promise<T>): Promise<T> =>
  within(call, limitMs, `no answer that Kafka would give within ${limitMs} ms`);
