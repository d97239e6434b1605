import type { Permits, PermitsOptions } from '../store.ts';
import { type MemoryRegion, SHARED } from './memory-region.ts';
import type { PermitsState } from './shared-state.ts';

const WINDOW_MS = 60_000;
const LONGEST_HOLD_MS = 5 * 60_000;
/** How many consecutive refusals double the wait. */
const DOUBLINGS = 4;
/** How long after the wait refusals still count as consecutive, in ms. */
const REMEMBERED_MS = 600_000;
/** A platform sync that still waits asks again within this time, in ms. */
const PATIENCE_MS = 1000;

/**
 * The request budget in memory: see budget.lua. Part of the limit is reserved for platform readers. Readers may also use what the
 * platform sync leaves, except while it waits. Full reads may use only a part of the platform sync's requests.
 */
export class MemoryPermits implements Permits {
  readonly #region: MemoryRegion;
  readonly #options: PermitsOptions;

  constructor(region: MemoryRegion, options: PermitsOptions) {
    this.#region = region;
    this.#options = options;
  }

  take(
    acceptedAfter: number,
    lane: 'first' | 'reading' | 'rest' = 'rest',
  ): Promise<{ waitMs: number; refusals: number }> {
    return this.#region.run(SHARED, 'take', () => {
      const nowMs = this.#region.nowMs();
      const state = this.#state(nowMs);
      if (nowMs < state.heldUntilMs) return { waitMs: state.heldUntilMs - nowMs, refusals: state.refusals };
      if (state.refusals === acceptedAfter) state.refusals = 0;
      const waitMs = this.#waitMs(state, lane, nowMs);
      const { taker } = this.#options;
      if (waitMs === 0) state.requests.push({ taker, isReading: lane !== 'rest', atMs: nowMs });
      return { waitMs, refusals: state.refusals };
    });
  }

  refused(retryAfterMs: number, jitterMs: number): Promise<void> {
    return this.#region.run(SHARED, 'refused', () => {
      const nowMs = this.#region.nowMs();
      const state = this.#state(nowMs);
      if (nowMs >= state.heldUntilMs) state.refusals += 1;
      const askedMs = Math.round(retryAfterMs) * 2 ** Math.min(Math.max(state.refusals - 1, 0), DOUBLINGS);
      const waitMs = Math.min(askedMs, LONGEST_HOLD_MS) + Math.round(jitterMs);
      state.heldUntilMs = Math.max(state.heldUntilMs, nowMs + waitMs);
      state.forgetsMs = state.heldUntilMs + REMEMBERED_MS;
    });
  }

  #waitMs(state: PermitsState, lane: 'first' | 'reading' | 'rest', nowMs: number): number {
    const { taker, limit, headroom, readings, windowMs = WINDOW_MS } = this.#options;
    const sent = state.requests.filter(({ atMs }) => atMs > nowMs - windowMs);
    /** Time in ms until the oldest `over` requests leave the window. */
    const untilOver = (requests: typeof sent, over: number): number =>
      (requests[over - 1]?.atMs ?? nowMs) + windowMs - nowMs;
    const ofReadings = sent.filter(({ isReading }) => isReading);
    const mostReadings = lane === 'rest' ? Number.POSITIVE_INFINITY : (readings?.[lane] ?? limit);
    // A full read that waits for its own share must not delay other requests.
    if (ofReadings.length >= mostReadings) return untilOver(ofReadings, ofReadings.length + 1 - mostReadings);
    const own = sent.filter((each) => each.taker === taker);
    const isWaiting = state.waitsUntilMs > nowMs;
    const share = taker === 'mirror' ? limit - headroom : isWaiting ? headroom : limit;
    let waitMs = own.length >= share ? untilOver(own, own.length + 1 - share) : 0;
    if (sent.length >= limit) waitMs = Math.max(waitMs, untilOver(sent, 1));
    if (waitMs > 0 && taker === 'mirror') state.waitsUntilMs = nowMs + waitMs + PATIENCE_MS;
    state.requests = sent;
    return waitMs;
  }

  #state(nowMs: number): PermitsState {
    const { permits } = this.#region.shared;
    const { connection } = this.#options;
    const none = { heldUntilMs: 0, refusals: 0, forgetsMs: 0, waitsUntilMs: 0, requests: [] };
    const state = permits.get(connection) ?? none;
    permits.set(connection, state);
    if (state.forgetsMs <= nowMs) state.refusals = 0;
    return state;
  }
}
