import type { KeptAnswer, Keyed } from '../store.ts';

/** A value that expires, in ms of the store's clock. */
interface Expiring<T> {
  value: T;
  untilMs: number;
}

/** The leases of one kind of work. */
export interface LeasesState {
  /** By instance: until when it counts as alive. */
  instances: Map<string, number>;
  /** Holders by lease number. */
  holders: Map<number, { instance: string; untilMs: number }>;
}

/** The requests that the region has sent to a platform lately. */
export interface PermitsState {
  heldUntilMs: number;
  refusals: number;
  /** When refusals stop to count as consecutive. */
  forgetsMs: number;
  waitsUntilMs: number;
  requests: { taker: 'mirror' | 'reader'; isReading: boolean; atMs: number }[];
}

/** The part of a region's store that belongs to no domain. */
export class SharedState {
  beat = 0;
  readonly hearing: ((domain: string) => void)[] = [];
  readonly answers = new Map<string, Expiring<Keyed | { print: string; answer: KeptAnswer }>>();
  readonly notes = new Map<string, Expiring<Record<string, string>>>();
  readonly leases = new Map<string, LeasesState>();
  readonly permits = new Map<string, PermitsState>();
}

/** Returns the value of a key, unless it has expired. */
export function valid<T>(map: Map<string, Expiring<T>>, key: string, nowMs: number): T | undefined {
  const found = map.get(key);
  if (found && found.untilMs > nowMs) return found.value;
  map.delete(key);
  return undefined;
}
