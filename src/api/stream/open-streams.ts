import type { Metrics } from '../../ops/metrics.ts';
import type { StreamBody } from './stream-body.ts';

/** The open streams of this server. */
export class OpenStreams {
  readonly #open = new Set<StreamBody>();
  readonly #metrics: Pick<Metrics, 'streams'>;
  #isClosing = false;

  constructor(metrics: Pick<Metrics, 'streams'>) {
    this.#metrics = metrics;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Counts a stream until it closes. If the server is closing, the stream ends at once. */
  add(stream: StreamBody): void {
    this.#open.add(stream);
    if (this.#isClosing) stream.end('draining');
    this.#metrics.streams.set(this.#open.size);
    stream.body.once('close', () => {
      this.#open.delete(stream);
      this.#metrics.streams.set(this.#open.size);
      stream.end('left');
    });
  }

  /** Ends all open streams, and every stream that is added later. */
  close(): void {
    this.#isClosing = true;
    for (const stream of this.#open) stream.end('draining');
  }
}
