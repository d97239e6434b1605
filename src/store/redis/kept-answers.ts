import { answerKey } from '../record/record.ts';
import { ANSWER_KEPT_MS, type KeptAnswer, type KeptAnswers, type Keyed, UNDER_WAY_MS } from '../store.ts';
import type { Cluster } from './cluster.ts';

/** Stored answers in Redis: one key each, with a time to live. */
export class RedisKeptAnswers implements KeptAnswers {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async begin(id: string, print: string, by: string): Promise<Keyed | undefined> {
    const key = answerKey(id);
    const mark = JSON.stringify({ print, by } satisfies Keyed);
    for (;;) {
      const begun = await this.#cluster.command(key, ['SET', key, mark, 'NX', 'PX', String(UNDER_WAY_MS)]);
      if (begun) return undefined;
      const text = (await this.#cluster.command(key, ['GET', key])) as string | null;
      if (text === null) continue; // expired between SET and GET
      const known = JSON.parse(text) as Keyed;
      // Our own mark, if the reply to SET was lost and the command was sent again.
      return known.by === by ? undefined : known;
    }
  }

  async keep(id: string, print: string, answer: KeptAnswer): Promise<void> {
    const key = answerKey(id);
    const text = JSON.stringify({ print, answer } satisfies Keyed);
    await this.#cluster.command(key, ['SET', key, text, 'PX', String(ANSWER_KEPT_MS)]);
  }

  async forget(id: string): Promise<void> {
    const key = answerKey(id);
    await this.#cluster.command(key, ['DEL', key]);
  }
}
