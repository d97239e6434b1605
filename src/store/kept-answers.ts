import { answerKey } from './record/keys.ts';
import type { Cluster } from './redis/cluster.ts';

/** What was answered to a request, to be answered again. */
export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** When, in ms by the store's clock. */
  atMs: number;
}

/** What is known of a key: a request that is under way, or has been answered. */
interface Keyed {
  /** Of the request: under one key there is one. */
  print: string;
  /** Names the attempt that is under way. */
  by?: string;
  answer?: KeptAnswer;
}

/** As long as a call keeps its claim from its last asking, in ms: whoever asks again does so within minutes. */
const KEPT_MS = 600_000;
/** Longer than any request takes, in ms: then its instance has died, and whoever asks again is not kept waiting. */
const UNDER_WAY_MS = 30_000;
/** A longer answer is not kept, in characters: that of 1000 events is shorter. */
export const LONGEST_KEPT = 256 * 1024;

/** Answers of the region's instances, by the keys that callers gave to their requests. */
export class KeptAnswers {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * Begins a request under a key, unless there is one.
   * @returns the other one; undefined: go on. @throws ShardUnavailable
   */
  async begin(id: string, print: string, by: string): Promise<Keyed | undefined> {
    const key = answerKey(id);
    const mark = JSON.stringify({ print, by } satisfies Keyed);
    for (;;) {
      const begun = await this.#cluster.command(key, ['SET', key, mark, 'NX', 'PX', String(UNDER_WAY_MS)]);
      if (begun) return undefined;
      const text = (await this.#cluster.command(key, ['GET', key])) as string | null;
      if (text === null) continue; // over between the two
      const known = JSON.parse(text) as Keyed;
      // Its own, by a command whose reply was lost and that was sent again.
      return known.by === by ? undefined : known;
    }
  }

  /** Keeps what a request that has begun is answered with. @throws ShardUnavailable */
  async keep(id: string, print: string, answer: KeptAnswer): Promise<void> {
    const key = answerKey(id);
    const text = JSON.stringify({ print, answer } satisfies Keyed);
    await this.#cluster.command(key, ['SET', key, text, 'PX', String(KEPT_MS)]);
  }

  /** Forgets a request that has begun: it may be made anew. @throws ShardUnavailable */
  async forget(id: string): Promise<void> {
    const key = answerKey(id);
    await this.#cluster.command(key, ['DEL', key]);
  }
}
