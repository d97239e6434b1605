import type { ClockReading } from '../../ops/clock.ts';

/** The reference that advances while the host is suspended, and stands still with a virtual machine that is paused. */
export const BOOT_TIME = "the host's boot time";

/** The heartbeat sequence of a region: it follows the clock of one of its store's nodes, in ms. */
export const beatsOf = (region: string): string => `the beats of ${region}`;

export type Finding =
  /** The local monotonic clock stood still, for at least this long: nothing that was measured with it before counts. */
  | { kind: 'stood_still'; reference: string; atLeastMs: number }
  /** The reference leapt ahead, and others did not: the host probably did not stand still when that was last found. */
  | { kind: 'leapt'; reference: string; byMs: number };

/** Bounds of a difference of two clocks, or of its change, in ms. */
interface Bounds {
  lowMs: number;
  highMs: number;
}

/** How far a reference is ahead of the local clock. Bounds hold at `atMs` and widen by drift. */
interface Offset extends Bounds {
  atMs: number;
  /** When the last reading with a known round trip was asked for. */
  askedMs: number;
}

interface Alarm extends Bounds {
  atMs: number;
  /** References that leapt by as much, and those that did not. */
  for: Set<string>;
  against: Set<string>;
}

/** Greatest drift between two clocks, in ms per ms: NTP slews each by 500 ppm at most. */
export const DRIFT = 0.0011;
/** Leaps up to this count as noise, in ms: boot time has a resolution of 10 ms, and NTP slews up to 128 ms. */
const TOLERANCE_MS = 200;
/** How long a reference that leapt alone is not believed alone, in ms. */
const DOUBT_MS = 600_000;
/** A reference that was read within this time would itself show that the host stood still, in ms. */
const CURRENT_MS = 5000;
/** Other references are forgotten, the one read longest ago first. */
const MAX_REFERENCES = 64;

/**
 * Finds out that the local monotonic clock stood still, as it does on a suspended host or with a paused virtual machine, by
 * comparing it with other clocks.
 *
 * A reading bounds the offset of a reference: it was read between the question and the answer. Delays only widen the bounds, and
 * drift widens them with time, so a slow network, a busy host or a stopped process proves nothing. A reading above the bounds
 * means that the local clock lost time, or that the reference was set ahead:
 *
 *                reading above the bounds                    as many references leapt as did not
 *   trusted ─────────────────────────────► alarm, trusted  ◄────────────────────────────────────┐
 *      ▲                                     └─as many did not leap─► doubted ──────────────────┘
 *      └────────────── 10 min without a leap ───────────────────────────┘
 *
 * A leap of a trusted reference is an alarm at once, although it may be a clock that was set: dropping proofs costs a second or
 * two, trusting false ones costs calls. A doubted reference, whose clock is set again and again, raises no alarm as
 * long as a trusted one is read that would leap, too, if the host had stood still. So a clock that is set can drop proofs
 * once, and not for ever. A reference that leaps as far as an alarm says, and was last asked before it, shows the same
 * standstill again. Backward leaps prove nothing about this host. A node that takes over from another is a reference of its own.
 */
export class Standstill {
  readonly #offsets = new Map<string, Offset>();
  readonly #doubtedUntilMs = new Map<string, number>();
  #alarm: Alarm | undefined;

  /** Records a reading. Readings need not come in order. */
  read({ reference, steadyMs, otherMs, roundTripMs }: ClockReading): Finding | undefined {
    const askedMs = steadyMs - roundTripMs;
    const reading = { lowMs: otherMs - steadyMs, highMs: otherMs - askedMs };
    const known = this.#offsets.get(reference);
    if (!known) {
      this.#keep(reference, { ...reading, atMs: steadyMs, askedMs });
      return undefined;
    }
    const expected = widened(known, steadyMs);
    const leap = { lowMs: reading.lowMs - expected.highMs, highMs: reading.highMs - expected.lowMs };
    const isLeap = leap.lowMs > TOLERANCE_MS || leap.highMs < -TOLERANCE_MS;
    const bounds = isLeap ? reading : narrowed(expected, reading);
    this.#keep(reference, { ...bounds, atMs: steadyMs, askedMs: Math.max(known.askedMs, askedMs) });
    if (leap.lowMs > TOLERANCE_MS) return this.#leapt(reference, leap, known.askedMs, steadyMs);
    return this.#steady(reference, leap, known.askedMs, askedMs, steadyMs);
  }

  /** @param seenMs when the reference was last asked before */
  #leapt(reference: string, leap: Bounds, seenMs: number, nowMs: number): Finding | undefined {
    const alarm = this.#alarm;
    if (alarm && seenMs < alarm.atMs && !alarm.for.has(reference) && overlap(alarm, leap)) {
      alarm.for.add(reference);
      return this.#judge(alarm, nowMs);
    }
    if (this.#isDoubted(reference, nowMs) && this.#isWatched(nowMs)) {
      this.#doubtedUntilMs.set(reference, nowMs + DOUBT_MS);
      return undefined;
    }
    this.#alarm = { ...leap, atMs: nowMs, for: new Set([reference]), against: new Set() };
    return { kind: 'stood_still', reference, atLeastMs: leap.lowMs };
  }

  /** A reference that runs as expected speaks against an alarm if it was asked before and after it. */
  #steady(reference: string, leap: Bounds, seenMs: number, askedMs: number, nowMs: number): Finding | undefined {
    const alarm = this.#alarm;
    if (!alarm || reference === BOOT_TIME || alarm.for.has(reference) || leap.highMs >= alarm.lowMs) return undefined;
    if (seenMs >= alarm.atMs || askedMs < alarm.atMs) return undefined;
    alarm.against.add(reference);
    return this.#judge(alarm, nowMs);
  }

  /** Doubts the references that leapt, or no longer. Boot time cannot be set. */
  #judge(alarm: Alarm, nowMs: number): Finding | undefined {
    const [reference = ''] = alarm.for;
    const wasDoubted = this.#isDoubted(reference, nowMs);
    const isDoubted = alarm.against.size >= alarm.for.size && !alarm.for.has(BOOT_TIME);
    for (const each of alarm.for) {
      if (isDoubted) this.#doubtedUntilMs.set(each, nowMs + DOUBT_MS);
      else this.#doubtedUntilMs.delete(each);
    }
    return isDoubted && !wasDoubted ? { kind: 'leapt', reference, byMs: alarm.lowMs } : undefined;
  }

  #isDoubted(reference: string, nowMs: number): boolean {
    return nowMs < (this.#doubtedUntilMs.get(reference) ?? Number.NEGATIVE_INFINITY);
  }

  /** Whether a trusted reference is read at present. */
  #isWatched(nowMs: number): boolean {
    const isCurrent = ([reference, { askedMs }]: [string, Offset]): boolean =>
      reference !== BOOT_TIME && nowMs - askedMs <= CURRENT_MS && !this.#isDoubted(reference, nowMs);
    return [...this.#offsets].some(isCurrent);
  }

  #keep(reference: string, offset: Offset): void {
    this.#offsets.delete(reference);
    this.#offsets.set(reference, offset);
    if (this.#offsets.size <= MAX_REFERENCES) return;
    const [oldest = ''] = this.#offsets.keys();
    this.#offsets.delete(oldest);
    this.#doubtedUntilMs.delete(oldest);
  }
}

function widened({ lowMs, highMs, atMs }: Offset, nowMs: number): Bounds {
  const driftMs = Math.abs(nowMs - atMs) * DRIFT;
  return { lowMs: lowMs - driftMs, highMs: highMs + driftMs };
}

/** The upper bound never rises for a reading within the tolerance: many short standstills add up to a leap. */
function narrowed(expected: Bounds, reading: Bounds): Bounds {
  const highMs = Math.min(expected.highMs, reading.highMs);
  return { lowMs: Math.min(highMs, Math.max(expected.lowMs, reading.lowMs)), highMs };
}

const overlap = (one: Bounds, other: Bounds): boolean =>
  other.lowMs <= one.highMs + TOLERANCE_MS && other.highMs >= one.lowMs - TOLERANCE_MS;
