import type { Metrics } from '../../ops/metrics.ts';
import type { StreamBody } from './stream-body.ts';

/** The streams that this server has open. */
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

  /** Counts a stream until it closes. While the server closes it ends at once. */
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

  /** Ends all streams, and those to come. */
  close(): void {
    this.#isClosing = true;
    for (const stream of this.#open) stream.end('draining');
  }
}
