/**
 * Fields of every line of a history. A history is JSON lines: what one instance granted, settled and applied.
 *
 * `t` is when the instance learned the outcome, and `since` when it began to ask for it, both in monotonic ms of the host.
 * The event itself happened between the two. Without `since`, two answers that overtake each other would look like a
 * fault. Histories of one host can be merged by `t`.
 */
export interface Origin {
  t: number;
  /** Wall time in ms, for people. */
  at: number;
  region: string;
  /** Instance id. */
  process: string;
}
