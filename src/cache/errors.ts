/** The shard that holds the data cannot answer now: it is down, failing over, or slower than the caller can wait. */
export class ShardUnavailable extends Error {
  override name = 'ShardUnavailable';
  /** When it is worth trying again, in ms. */
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs = 1000, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Replies that say "not now" or "not here": the command was not carried out and may be sent again. */
const PASSING = ['MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN', 'MASTERDOWN', 'LOADING', 'READONLY', 'NOREPLICAS', 'BUSY'];

/** Replies that stay as they are however often the command is sent. */
const FINAL = /^(WRONGTYPE|NOAUTH|NOPERM|WRONGPASS|OOM|ERR|NOSCRIPT|EXECABORT|MISCONF|NOPROTO)\b/;

/**
 * Whether sending the command again can help. A lost connection leaves its outcome unknown, so every command of
 * Muster gives the same result when it is carried out twice.
 */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return PASSING.some((code) => error.message.startsWith(code)) || !FINAL.test(error.message);
}
