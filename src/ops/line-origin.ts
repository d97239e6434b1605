/**
 * What every line of a history says of itself. A history is one JSON object per line: what one instance granted, settled
 * and applied.
 *
 * `t` is when the instance learned the outcome and `since` when it began to ask for it, both in monotonic ms of the
 * host: what a line tells happened somewhere between the two. Without `since` two answers that overtake each other on
 * their way back would look like a fault. Histories of one host can therefore be merged by `t`.
 */
export interface Origin {
  t: number;
  /** Wall time in ms, for people. */
  at: number;
  region: string;
  /** Instance id. */
  process: string;
}
