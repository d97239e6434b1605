import type { TlsTexts } from '../../ops/tls.ts';
import { readFields, type StreamEntry } from '../envelope.ts';
import type { KeptLetter, LetterBox } from '../letter-box.ts';
import { RedisConnection } from './connection.ts';

const PAGE = '200';
const ID = /^\d+-\d+$/;

/** The dead letters of a bus on Redis Streams. @param url the bus's URL */
export function redisLetterBox(url: string, tls: TlsTexts | undefined, topic: string): LetterBox {
  const redis = new RedisConnection(url, tls);
  const key = `${topic}.dlq`;
  const range = async (from: string, to: string): Promise<KeptLetter[]> => {
    const entries = (await redis.call(['XRANGE', key, from, to, 'COUNT', PAGE])) as StreamEntry[];
    return entries.map(([id, fields]) => ({ id, keptMs: Number.parseInt(id, 10), letter: readFields(fields) }));
  };
  return {
    async *all() {
      for (let from = '-'; ; ) {
        const page = await range(from, '+');
        yield* page;
        const last = page.at(-1);
        if (!last) return;
        from = `(${last.id}`;
      }
    },
    get: async (id) => (ID.test(id) ? (await range(id, id))[0] : undefined),
    settle: async (ids) => {
      await redis.call(['XDEL', key, ...ids]);
      return 'removed';
    },
    close: async () => redis.close(),
  };
}
