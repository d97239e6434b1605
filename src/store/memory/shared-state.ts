import type { KeptAnswer, Keyed, OutboxEntry } from '../store.ts';

/** Something that is over at a time by the store's clock, in ms. */
interface Expiring<T> {
  value: T;
  untilMs: number;
}

/** The leases of some work. */
export interface LeasesState {
  /** By instance: until when it counts among the living. */
  instances: Map<string, number>;
  /** By number. */
  holders: Map<number, { instance: string; untilMs: number }>;
}

/** What a platform was asked lately, by all instances. */
export interface PermitsState {
  heldUntilMs: number;
  refusals: number;
  /** When refusals no longer count as in a row. */
  forgetsMs: number;
  waitsUntilMs: number;
  requests: { taker: 'mirror' | 'reader'; isReading: boolean; atMs: number }[];
}

/** What a region's store holds of no domain. */
export class SharedState {
  beat = 0;
  readonly outbox = new Map<number, OutboxEntry[]>();
  entries = 0;
  readonly hearing: ((partition: number) => void)[] = [];
  readonly answers = new Map<string, Expiring<Keyed | { print: string; answer: KeptAnswer }>>();
  readonly notes = new Map<string, Expiring<Record<string, string>>>();
  readonly leases = new Map<string, LeasesState>();
  readonly permits = new Map<string, PermitsState>();
}

/** The value, unless its time is over. */
export function valid<T>(map: Map<string, Expiring<T>>, key: string, nowMs: number): T | undefined {
  const found = map.get(key);
  if (found && found.untilMs > nowMs) return found.value;
  map.delete(key);
  return undefined;
}
