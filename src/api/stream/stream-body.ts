import { Readable } from 'node:stream';
import type { KeepAlive, ResumableEvent } from '../../routing/lookup/follow.ts';

/** Time after which a client that reads nothing is disconnected, in ms. */
const STALLED_MS = 30_000;
/** Time that a client has to read the rest of a stream that has ended, in ms. */
const LAST_WORDS_MS = 500;
/** Longest delay of a timer in Node, in ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Why a stream ended: the client left or was too slow, its token expired, or the instance shuts down. */
export type StreamEnd = 'left' | 'slow' | 'expired' | 'draining';

interface StreamBodyOptions {
  /** Yields events until the signal is aborted. */
  events(signal: AbortSignal): AsyncIterable<(ResumableEvent | KeepAlive)[]>;
  /** How long the stream may last, in ms; undefined: no limit. */
  lifeMs?: number | undefined;
  onEnd(why: StreamEnd): void;
  stalledMs?: number;
}

/** The body of one stream. It reads further events when the client has taken the ones before. */
export class StreamBody {
  readonly body: Readable;
  readonly #options: StreamBodyOptions;
  readonly #ending = new AbortController();
  readonly #expiry: NodeJS.Timeout | undefined;
  #stalled: NodeJS.Timeout | undefined;
  #end: StreamEnd | undefined;

  constructor(options: StreamBodyOptions) {
    this.#options = options;
    this.body = Readable.from(this.#text(), { objectMode: true, highWaterMark: 1 });
    if (options.lifeMs === undefined) return;
    this.#expiry = setTimeout(() => this.end('expired'), Math.min(options.lifeMs, LONGEST_TIMER_MS));
  }

  /** Ends the stream. Only the first reason counts. */
  end(why: StreamEnd): void {
    if (this.#end !== undefined) return;
    this.#end = why;
    this.#options.onEnd(why);
    clearTimeout(this.#expiry);
    clearTimeout(this.#stalled);
    this.#ending.abort();
    if (why === 'slow') this.body.destroy();
    else setTimeout(() => this.body.destroy(), LAST_WORDS_MS).unref();
  }

  async *#text(): AsyncGenerator<string> {
    const { events, stalledMs = STALLED_MS } = this.#options;
    yield RETRY;
    for await (const some of events(this.#ending.signal)) {
      this.#stalled = setTimeout(() => this.end('slow'), stalledMs);
      try {
        yield some.map(render).join('');
      } finally {
        // Also if the client has disconnected meanwhile.
        clearTimeout(this.#stalled);
      }
    }
    if (this.#end === 'draining') yield DRAINING;
  }
}

/** How long a client waits before it reconnects, in ms. */
const RECONNECT_MS = 1000;

/** The start of a stream. */
const RETRY = `retry: ${RECONNECT_MS}\n\n`;
/** The end of a stream whose instance shuts down. The client continues at another one. */
const DRAINING = 'event: draining\ndata: {}\n\n';

/** One server-sent event as in the HTML standard. A keep-alive is a comment with the stream position as id. */
function render(event: ResumableEvent | KeepAlive): string {
  if (event.event === 'keep-alive') return `: \nid: ${event.id}\n\n`;
  const id = event.id === undefined ? '' : `id: ${event.id}\n`;
  // JSON.stringify writes no line breaks.
  return `event: ${event.event}\n${id}data: ${JSON.stringify(event.data)}\n\n`;
}
