import { Readable } from 'node:stream';
import type { Numbered, Quiet } from '../../routing/lookup/follow.ts';

/** A listener that takes nothing for so long is cut off, in ms. */
const STALLED_MS = 30_000;
/** What is left of a stream when it ends has so long to be taken, in ms. */
const LAST_WORDS_MS = 500;
/** What a timer can hold. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Why a stream has ended: the listener left or was too slow, its token expired, the instance shuts down. */
export type StreamEnd = 'left' | 'slow' | 'expired' | 'draining';

interface StreamBodyOptions {
  /** Until the signal is given. */
  news(signal: AbortSignal): AsyncIterable<(Numbered | Quiet)[]>;
  /** How long the listener may listen, in ms; undefined: for ever. */
  lifeMs?: number | undefined;
  onEnd(why: StreamEnd): void;
  stalledMs?: number;
}

/** What one listener is sent. The news are asked for further when those before have been taken. */
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

  /** The first reason counts. */
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
    const { news, stalledMs = STALLED_MS } = this.#options;
    yield RETRY;
    for await (const some of news(this.#ending.signal)) {
      this.#stalled = setTimeout(() => this.end('slow'), stalledMs);
      try {
        yield some.map(render).join('');
      } finally {
        // Also where nobody asks for more: its listener may have left while these were on their way.
        clearTimeout(this.#stalled);
      }
    }
    if (this.#end === 'draining') yield DRAINING;
  }
}

/** How long a listener waits before it connects again, in ms. */
const RECONNECT_MS = 1000;

/** What a stream begins with. */
const RETRY = `retry: ${RECONNECT_MS}\n\n`;
/** What it ends with where its instance is shutting down: another one goes on. */
const DRAINING = 'event: draining\ndata: {}\n\n';

/** One event of a stream, as the HTML standard has it; without news a comment, and the id that the listener is to keep. */
function render(news: Numbered | Quiet): string {
  if (news.event === 'quiet') return `: \nid: ${news.id}\n\n`;
  const id = news.id === undefined ? '' : `id: ${news.id}\n`;
  // JSON holds no line breaks of its own.
  return `event: ${news.event}\n${id}data: ${JSON.stringify(news.data)}\n\n`;
}
