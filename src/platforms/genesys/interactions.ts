import { UNSEEN } from '../../agent/event.ts';
import {
  CALLS,
  type Facets,
  type Interaction,
  interactionsFacet,
  MEDIA,
  type Media,
  type Stamped,
  type Version,
} from '../../agent/facets.ts';
import { type InteractionReading, stepAfter } from './interaction.ts';

/** How long an interaction that ended is remembered, in ms of platform time: late news must not reopen it. */
const REMEMBERED_MS = 5 * 60_000;
/** Interactions of one user. The platform lets nobody carry as many. */
const LIMIT = 50;
/** How far the platform's counts may be behind, or ahead of, what was notified, in ms. */
const SETTLING_MS = 5_000;
/** A reading's time has whole seconds: it was up to so many ms later. */
const DATE_PRECISION_MS = 1_000;
/** Whether an alert counts is not documented; one that is older than this, in ms, is none any more. */
const LONGEST_ALERT_MS = 10 * 60_000;

type Known = Stamped<Interaction>;

/** What the platform counts as one, and what is known of it. */
interface Group {
  known: Known[];
  counted: number;
  /** No more than this many of those known can go on. */
  atMost: number;
  /** What stands for the one of this number that nobody has heard of. */
  unseen(number: number): Omit<Known, 'at' | 'id'>;
}

/** The interactions of one user that were heard of, and that last or have just ended. */
export class Interactions {
  readonly #userId: string;
  readonly #byCall = new Map<string, Known>();
  /** Those put aside, by call id: over for now, and perhaps counted all the same. */
  readonly #aside = new Set<string>();

  constructor(userId: string) {
    this.#userId = userId;
  }

  get isWrappingUp(): boolean {
    return [...this.#byCall.values()].some(({ state }) => state === 'WRAP_UP');
  }

  facets(): Pick<Facets, 'interactions'> {
    return this.#byCall.size > 0 ? interactionsFacet(...this.#byCall.values()) : {};
  }

  /**
   * A step of an interaction.
   * @returns what is news: the step, and the end of what stood for an interaction that had not been seen
   */
  take(reading: InteractionReading, activity: Version | undefined): Known[] {
    const last = this.#byCall.get(reading.interaction.callId);
    const told = stepAfter(reading, last, activity);
    if (!told) return [];
    this.#byCall.set(told.callId, told);
    if (reading.isAside) this.#aside.add(told.callId);
    else this.#aside.delete(told.callId);
    const seen = last ? [] : this.#seen(told);
    this.#forget(told.at);
    return [told, ...seen];
  }

  /**
   * Makes what is known agree with what the platform counts. Who was at work before anybody listened has interactions
   * that no event tells of: placeholders stand for them. Where fewer are counted than known, an end was lost.
   */
  count(open: Partial<Record<Media, number>>, readAtMs: number): void {
    const { voice = 0 } = open;
    for (const media of MEDIA) {
      const { [media]: counted = 0 } = open;
      // A callback that has come to be a call may count as either.
      const atMost = media === 'callback' ? counted + voice : counted;
      const unseen = (number: number) => placeholder(media, `${media}/${number}`);
      this.#settle({ known: this.#of(media), counted, atMost, unseen }, readAtMs);
    }
    this.#forget(readAtMs);
  }

  /** The same for the calls that routing has not sent. */
  countNonAcd(counted: number, readAtMs: number): void {
    const known = [...this.#byCall.values()].filter(({ isAcd, media }) => isAcd === false && CALLS.has(media));
    const unseen = (number: number) => ({ ...placeholder('voice', `non-acd/${number}`), isAcd: false as const });
    this.#settle({ known, counted, atMost: counted, unseen }, readAtMs);
    this.#forget(readAtMs);
  }

  #settle({ known, counted, atMost, unseen }: Group, readAtMs: number): void {
    const mayCount = known.filter((one) => {
      if (one.state !== 'ENDED' || this.#aside.has(one.callId)) return true;
      return !isUnseen(one) && !isSettled(one, readAtMs);
    });
    for (let surplus = counted - mayCount.length, number = 1; surplus > 0; number++) {
      const one = unseen(number);
      const place = this.#byCall.get(one.callId);
      if (place && place.state !== 'ENDED') continue;
      const at = Math.max(readAtMs, (place?.at ?? 0) + 1);
      const id = `${this.#userId}/call/${one.callId}/1.CONNECTED/${at}`;
      this.#byCall.set(one.callId, { ...one, at, id });
      surplus -= 1;
    }
    const certain = known.filter((one) => isCertain(one, readAtMs));
    const order = (one: Known, other: Known) => Number(isUnseen(other)) - Number(isUnseen(one)) || one.at - other.at;
    for (const one of certain.sort(order).slice(0, Math.max(0, certain.length - atMost))) {
      this.#byCall.set(one.callId, this.#end(one, readAtMs));
    }
  }

  /** The first news of an interaction that began before a placeholder was set: it is what that stood for. */
  #seen(told: Known): Known[] {
    const beganAt = told.connectedAt ?? told.at;
    const place = this.#of(told.media, told.isAcd).find(
      (one) => isUnseen(one) && one.state !== 'ENDED' && beganAt < one.at + DATE_PRECISION_MS,
    );
    if (!place) return [];
    const ended = this.#end(place, Math.max(told.at, place.at));
    this.#byCall.set(place.callId, ended);
    return [ended];
  }

  #of(media: Media, isAcd?: false): Known[] {
    return [...this.#byCall.values()].filter((one) => one.media === media && one.isAcd === isAcd);
  }

  #end(one: Known, at: number): Known {
    return { ...one, state: 'ENDED', at, id: `${this.#userId}/call/${one.callId}/3.ENDED/${at}` };
  }

  /** Ended ones after a while; and whatever is beyond the limit, those that ended first. */
  #forget(nowMs: number): void {
    for (const { callId, state, at } of this.#byCall.values()) {
      const isOver = state === 'ENDED' && !this.#aside.has(callId);
      if (isOver && nowMs - at > REMEMBERED_MS) this.#byCall.delete(callId);
    }
    if (this.#byCall.size <= LIMIT) return;
    const isOpen = ({ state }: Known) => Number(state !== 'ENDED');
    const order = (one: Known, other: Known) => isOpen(one) - isOpen(other) || one.at - other.at;
    const beyond = [...this.#byCall.values()].sort(order).slice(0, this.#byCall.size - LIMIT);
    for (const { callId } of beyond) {
      this.#byCall.delete(callId);
      this.#aside.delete(callId);
    }
  }
}

function placeholder(media: Media, name: string): Omit<Known, 'at' | 'id'> {
  return { callId: `${UNSEEN}${name}`, media, state: 'CONNECTED' };
}

function isUnseen({ callId }: Interaction): boolean {
  return callId.startsWith(UNSEEN);
}

/** Whether the counts of a reading know of it. */
function isSettled(one: Known, readAtMs: number): boolean {
  return one.at <= readAtMs - SETTLING_MS;
}

/** Whether it must be among what was counted. */
function isCertain(one: Known, readAtMs: number): boolean {
  if (one.state === 'ENDED') return false;
  return one.at <= readAtMs - (one.state === 'ALERTING' ? LONGEST_ALERT_MS : SETTLING_MS);
}
