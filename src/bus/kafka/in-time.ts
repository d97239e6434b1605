import { setTimeout as delay } from 'node:timers/promises';

/** What a call answers. The library waits for ever for a server that talks, but not Kafka. @throws Error after `limitMs` */
export async function inTime<T>(limitMs: number, call: Promise<T>): Promise<T> {
  const answered = new AbortController();
  const silence = delay(limitMs, undefined, { signal: answered.signal }).then(() => {
    throw new Error(`no answer that Kafka would give within ${limitMs} ms`);
  });
  try {
    return await Promise.race([call, silence]);
  } finally {
    silence.catch(() => undefined); // nobody waits for it any more
    answered.abort();
  }
}
