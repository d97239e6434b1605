/**
 * Formats of what regions tell each other: messages on the bus, requests to peers, and consistency tokens. This version reads
 * every format from the oldest to the newest. A region sends the oldest until its operator has said that all regions read the newest
 * (docs/upgrades.md).
 */
export const EXCHANGE: { readonly oldest: number; readonly newest: number } = { oldest: 1, newest: 1 };

/** The formats of a region, over all its instances. */
export interface Exchange {
  /** The newest that one of them sends, or is about to send. */
  sends: number;
  /** The newest that all of them read. */
  reads: number;
}

/** What is true of a region or an instance that has not said anything else. */
export const OLDEST_EXCHANGE: Exchange = { sends: EXCHANGE.oldest, reads: EXCHANGE.oldest };
