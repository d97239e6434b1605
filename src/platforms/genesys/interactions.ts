import { type Facets, type Interaction, interactionsFacet, type Stamped, type Version } from '../../agent/facets.ts';
import { MEDIA, type Media } from '../../agent/media.ts';
import { UNSEEN } from '../../agent/reconcile.ts';
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

/** The interactions of one user that were heard of, and that last or have just ended. */
export class Interactions {
  readonly #userId: string;
  readonly #byCall = new Map<string, Known>();

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
    const seen = last ? [] : this.#seen(told);
    this.#forget(told.at);
    return [told, ...seen];
  }

  /**
   * Makes what is known agree with what the platform counts. Who was at work before anybody listened has interactions
   * that no event tells of: placeholders stand for them. Where fewer are counted than known, an end was lost.
   */
  count(open: Partial<Record<Media, number>>, readAtMs: number): void {
    for (const media of MEDIA) this.#count(media, open, readAtMs);
    this.#forget(readAtMs);
  }

  #count(media: Media, open: Partial<Record<Media, number>>, readAtMs: number): void {
    const { [media]: counted = 0, voice = 0 } = open;
    const known = this.#of(media);
    const mayCount = known.filter((one) => one.state !== 'ENDED' || (!isUnseen(one) && !isSettled(one, readAtMs)));
    for (let surplus = counted - mayCount.length, number = 1; surplus > 0; number++) {
      const place = this.#byCall.get(`${UNSEEN}${media}/${number}`);
      if (place && place.state !== 'ENDED') continue;
      const unseen = this.#unseen(media, number, Math.max(readAtMs, (place?.at ?? 0) + 1));
      this.#byCall.set(unseen.callId, unseen);
      surplus -= 1;
    }
    // A callback that has come to be a call may count as either.
    const atMost = media === 'callback' ? counted + voice : counted;
    const certain = known.filter((one) => isCertain(one, readAtMs));
    const order = (one: Known, other: Known) => Number(isUnseen(other)) - Number(isUnseen(one)) || one.at - other.at;
    for (const one of certain.sort(order).slice(0, Math.max(0, certain.length - atMost))) {
      this.#byCall.set(one.callId, this.#end(one, readAtMs));
    }
  }

  /** The first news of an interaction that began before a placeholder was set: it is what that stood for. */
  #seen(told: Known): Known[] {
    const beganAt = told.connectedAt ?? told.at;
    const place = this.#of(told.media).find(
      (one) => isUnseen(one) && one.state !== 'ENDED' && beganAt < one.at + DATE_PRECISION_MS,
    );
    if (!place) return [];
    const ended = this.#end(place, Math.max(told.at, place.at));
    this.#byCall.set(place.callId, ended);
    return [ended];
  }

  #of(media: Media): Known[] {
    return [...this.#byCall.values()].filter((one) => one.media === media);
  }

  #unseen(media: Media, number: number, at: number): Known {
    const callId = `${UNSEEN}${media}/${number}`;
    return { callId, media, state: 'CONNECTED', at, id: `${this.#userId}/call/${callId}/1.CONNECTED/${at}` };
  }

  #end(one: Known, at: number): Known {
    return { ...one, state: 'ENDED', at, id: `${this.#userId}/call/${one.callId}/3.ENDED/${at}` };
  }

  /** Ended ones after a while; and whatever is beyond the limit, those that ended first. */
  #forget(nowMs: number): void {
    for (const { callId, state, at } of this.#byCall.values()) {
      if (state === 'ENDED' && nowMs - at > REMEMBERED_MS) this.#byCall.delete(callId);
    }
    if (this.#byCall.size <= LIMIT) return;
    const isOpen = ({ state }: Known) => Number(state !== 'ENDED');
    const order = (one: Known, other: Known) => isOpen(one) - isOpen(other) || one.at - other.at;
    const beyond = [...this.#byCall.values()].sort(order).slice(0, this.#byCall.size - LIMIT);
    for (const { callId } of beyond) this.#byCall.delete(callId);
  }
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
