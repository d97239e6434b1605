import {
  CALLS,
  type Facets,
  type Interaction,
  interactionsFacet,
  MEDIA,
  type Media,
  type Stamped,
  UNSEEN,
  type Version,
} from '../../agent/facets.ts';
import { type InteractionReading, stepAfter } from './interaction.ts';

/** How long an ended interaction is remembered, in ms of platform time, so that late events do not reopen it. */
const REMEMBERED_MS = 5 * 60_000;
/** Largest number of interactions of one user; above what the platform allows. */
const LIMIT = 50;
/** How far the platform's counts may be behind or ahead of the notifications, in ms. */
const SETTLING_MS = 5_000;
/** Read times have whole seconds: the read was up to this much later, in ms. */
const DATE_PRECISION_MS = 1_000;
/** Whether alerts are counted is not documented; an alert older than this, in ms, counts as over. */
const LONGEST_ALERT_MS = 10 * 60_000;

type Known = Stamped<Interaction>;

/** Interactions that the platform counts together. */
interface Group {
  known: Known[];
  counted: number;
  /** Largest number of the known ones that can still be open. */
  atMost: number;
  /** Placeholder for an interaction that is counted but was never notified. */
  unseen(number: number): Omit<Known, 'at' | 'id'>;
}

/** Known interactions of one user: open ones, and those that have just ended. */
export class Interactions {
  readonly #userId: string;
  readonly #byCall = new Map<string, Known>();
  /** Call ids of parked interactions: over for now, and possibly still counted. */
  readonly #parked = new Set<string>();

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
   * Takes a step of an interaction.
   * @returns what to report: the step, and the end of the placeholder that stood for the interaction
   */
  take(reading: InteractionReading, activity: Version | undefined): Known[] {
    const last = this.#byCall.get(reading.interaction.callId);
    const step = stepAfter(reading, last, activity);
    if (!step) return [];
    this.#byCall.set(step.callId, step);
    if (reading.isParked) this.#parked.add(step.callId);
    else this.#parked.delete(step.callId);
    const seen = last ? [] : this.#replacedBy(step);
    this.#forget(step.at);
    return [step, ...seen];
  }

  /**
   * Adjusts the known interactions to the platform's counts. Interactions that began before the subscription appear in no
   * event, so placeholders stand for them. If fewer are counted than known, an end was lost.
   */
  count(open: Partial<Record<Media, number>>, readAtMs: number): void {
    const { voice = 0 } = open;
    for (const media of MEDIA) {
      const { [media]: counted = 0 } = open;
      // A callback that has become a call may count as either.
      const atMost = media === 'callback' ? counted + voice : counted;
      const unseen = (number: number) => placeholder(media, `${media}/${number}`);
      this.#adjust({ known: this.#of(media), counted, atMost, unseen }, readAtMs);
    }
    this.#forget(readAtMs);
  }

  /** The same for non-ACD calls. */
  countNonAcd(counted: number, readAtMs: number): void {
    const known = [...this.#byCall.values()].filter(({ isAcd, media }) => isAcd === false && CALLS.has(media));
    const unseen = (number: number) => ({ ...placeholder('voice', `non-acd/${number}`), isAcd: false as const });
    this.#adjust({ known, counted, atMost: counted, unseen }, readAtMs);
    this.#forget(readAtMs);
  }

  #adjust({ known, counted, atMost, unseen }: Group, readAtMs: number): void {
    const mayCount = known.filter((one) => {
      if (one.state !== 'ENDED' || this.#parked.has(one.callId)) return true;
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

  /** Ends the placeholder of an interaction that began before the placeholder was set. */
  #replacedBy(step: Known): Known[] {
    const beganAt = step.connectedAt ?? step.at;
    const place = this.#of(step.media, step.isAcd).find(
      (one) => isUnseen(one) && one.state !== 'ENDED' && beganAt < one.at + DATE_PRECISION_MS,
    );
    if (!place) return [];
    const ended = this.#end(place, step.at);
    this.#byCall.set(place.callId, ended);
    return [ended];
  }

  #of(media: Media, isAcd?: false): Known[] {
    return [...this.#byCall.values()].filter((one) => one.media === media && one.isAcd === isAcd);
  }

  /** Ends it, later than its last step: of two values of one time, the one that keeps the agent busy would win. */
  #end(one: Known, atMs: number): Known {
    const at = Math.max(atMs, one.at + 1);
    return { ...one, state: 'ENDED', at, id: `${this.#userId}/call/${one.callId}/3.ENDED/${at}` };
  }

  /** Forgets ended ones after a while, and the earliest ended ones beyond the limit. */
  #forget(nowMs: number): void {
    for (const { callId, state, at } of this.#byCall.values()) {
      const isOver = state === 'ENDED' && !this.#parked.has(callId);
      if (isOver && nowMs - at > REMEMBERED_MS) this.#byCall.delete(callId);
    }
    if (this.#byCall.size <= LIMIT) return;
    const isOpen = ({ state }: Known) => Number(state !== 'ENDED');
    const order = (one: Known, other: Known) => isOpen(one) - isOpen(other) || one.at - other.at;
    const beyond = [...this.#byCall.values()].sort(order).slice(0, this.#byCall.size - LIMIT);
    for (const { callId } of beyond) {
      this.#byCall.delete(callId);
      this.#parked.delete(callId);
    }
  }
}

function placeholder(media: Media, name: string): Omit<Known, 'at' | 'id'> {
  return { callId: `${UNSEEN}${name}`, media, state: 'CONNECTED' };
}

function isUnseen({ callId }: Interaction): boolean {
  return callId.startsWith(UNSEEN);
}

/** Whether the counts of a read include its last step. */
function isSettled(one: Known, readAtMs: number): boolean {
  return one.at <= readAtMs - SETTLING_MS;
}

/** Whether the counts must include it. */
function isCertain(one: Known, readAtMs: number): boolean {
  if (one.state === 'ENDED') return false;
  return one.at <= readAtMs - (one.state === 'ALERTING' ? LONGEST_ALERT_MS : SETTLING_MS);
}
