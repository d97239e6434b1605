import {
  compareVersions,
  type Facets,
  type Interaction,
  interactionsFacet,
  type Media,
  type Stamped,
} from '../../agent/facets.ts';
import { type ContactRow, type Step, stampStep, stepOfState } from './contact.ts';
import { isOccupied, NO_VOCABULARY, type StateRow, stateOf } from './state.ts';

/** Ended interactions per agent that full reads include. */
const ENDED_LIMIT = 10;
/** How far the list of contacts may lag behind agents' states, in ms; an integrator measured a second. */
const LAG_MS = 2000;

/** The known contacts of one agent. */
export class AgentContacts {
  readonly #agentId: string;
  readonly #beganAt: (contactId: string) => number | undefined;
  /** By contact id; the last ended ones are kept for full reads. */
  readonly #known = new Map<string, Stamped<Interaction>>();
  /** Contacts missing in the last read, and since when, in platform ms. */
  #missed = new Map<string, number>();
  /** The contact that the agent works on according to the state. */
  #inHand: string | undefined;

  /** @param beganAt when a contact began, in platform ms, if known from a list */
  constructor(agentId: string, beganAt: (contactId: string) => number | undefined = () => undefined) {
    this.#agentId = agentId;
    this.#beganAt = beganAt;
  }

  get open(): Stamped<Interaction>[] {
    return [...this.#known.values()].filter(({ state }) => state !== 'ENDED');
  }

  /** Whether another complete list is needed to decide about missing contacts. */
  get hasMissed(): boolean {
    return this.#missed.size > 0;
  }

  /** Number of open contacts by media type. */
  openByMedia(): Partial<Record<Media, number>> {
    const counts: Partial<Record<Media, number>> = {};
    for (const { media } of this.open) counts[media] = (counts[media] ?? 0) + 1;
    return counts;
  }

  /** All known contacts as a facet. */
  facets(): Pick<Facets, 'interactions'> {
    return this.#known.size > 0 ? interactionsFacet(...this.#known.values()) : {};
  }

  /** Steps that follow from a state: of the contact in focus, and of contacts that contradict the state. */
  follow(row: StateRow): Stamped<Interaction>[] {
    const step = stepOfState(row);
    const isAway = step ? step.interaction.state === 'WRAP_UP' : isAtRest(row);
    this.#inHand = isAway ? undefined : row.contactId;
    const wrappedUp = step?.interaction.state === 'WRAP_UP' ? [] : this.#endWrapUp(row);
    const scope = row.openContacts === undefined ? 'voice' : 'all';
    const ended = isAway && !isOccupied(row) ? this.movedOn(row.startMs, scope, step?.interaction.callId) : [];
    const isOnOne = step?.interaction.state === 'CONNECTED' && row.openContacts === 1;
    const alone = isOnOne ? this.#without(row.updatedMs, ({ callId }) => callId !== row.contactId) : [];
    return [...wrappedUp, ...ended, ...alone, ...(step ? this.take(step) : [])];
  }

  /** @returns the step to report, or none if it is not new */
  take({ interaction }: Step): Stamped<Interaction>[] {
    const last = this.#known.get(interaction.callId);
    if (last && (last.state === interaction.state || compareVersions(interaction, last) <= 0)) return [];
    // A taken contact can be offered again only after its end.
    if (interaction.state === 'ALERTING' && last && last.state !== 'ENDED') return [];
    const isSameAttempt = last && last.state !== 'ENDED';
    const connectedAt = (isSameAttempt ? last.connectedAt : undefined) ?? interaction.connectedAt;
    const beganAt = this.#beganAt(interaction.callId);
    const began = beganAt === undefined ? {} : { beganAt };
    return this.#note({ ...interaction, ...began, ...(connectedAt !== undefined && { connectedAt }) });
  }

  /** Ends contacts opened before the agent's state moved on at a platform time, except the given one. */
  movedOn(atMs: number, media: 'voice' | 'all', except?: string): Stamped<Interaction>[] {
    return this.open
      .filter(({ callId, at, ...one }) => callId !== except && at < atMs && (media === 'all' || one.media === media))
      .flatMap((one) => this.#end(one, atMs));
  }

  /**
   * Ends contacts that a complete list shows with another agent, and checks those missing in it. Kept are alerts of contacts
   * without an agent (the agent's name may be set only when the contact is answered), the contact that the agent's state works
   * on, and wrap-up, which the state ends.
   * @param readAtMs when the list was read, in platform ms
   */
  missing(listed: ReadonlyMap<string, ContactRow>, readAtMs: number): Stamped<Interaction>[] {
    const elsewhere = this.open.filter(({ callId, at, state }) => {
      const row = listed.get(callId);
      if (!row || at >= readAtMs - LAG_MS || state === 'WRAP_UP') return false;
      return row.agentId === undefined ? state !== 'ALERTING' : row.agentId !== this.#agentId;
    });
    const ended = elsewhere.flatMap((one) => this.#end(one, readAtMs));
    return [...ended, ...this.#without(readAtMs, ({ callId }) => !listed.has(callId))];
  }

  /**
   * Ends contacts that are missing in two reads, the second at least LAG_MS later. One read is not enough: rows move between
   * pages while a list is read, and a state's count may be older or newer than its contact. The end is dated to the first of
   * the two reads, which is later than all other data of the contact.
   */
  #without(readAtMs: number, lacks: (one: Stamped<Interaction>) => boolean): Stamped<Interaction>[] {
    const before = this.#missed;
    this.#missed = new Map();
    return this.open.flatMap((one) => {
      if (one.state === 'WRAP_UP' || !lacks(one)) return [];
      const sinceMs = before.get(one.callId);
      const missedAtMs = sinceMs !== undefined && sinceMs > one.at ? sinceMs : readAtMs;
      if (missedAtMs <= readAtMs - LAG_MS && one.callId !== this.#inHand) return this.#end(one, missedAtMs);
      if (one.at < readAtMs - LAG_MS) this.#missed.set(one.callId, missedAtMs);
      return [];
    });
  }

  /** Ends after-call work that began before a state without it. During it the contact need not be in focus. */
  #endWrapUp(row: StateRow): Stamped<Interaction>[] {
    if (stateOf(row, NO_VOCABULARY).activity.state === 'WRAP_UP') return [];
    const wrapUps = this.open.filter(({ state, at }) => state === 'WRAP_UP' && at < row.startMs);
    return wrapUps.flatMap((one) => this.#end(one, row.startMs));
  }

  #end(one: Stamped<Interaction>, atMs: number): Stamped<Interaction>[] {
    return this.#note(stampStep(this.#agentId, { ...one, state: 'ENDED' }, atMs));
  }

  #note(interaction: Stamped<Interaction>): Stamped<Interaction>[] {
    this.#known.delete(interaction.callId);
    this.#known.set(interaction.callId, interaction);
    const ended = [...this.#known].filter(([, { state }]) => state === 'ENDED');
    for (const [callId] of ended.slice(0, Math.max(0, ended.length - ENDED_LIMIT))) this.#known.delete(callId);
    return [interaction];
  }
}

/** Whether an agent is not working on any contact. */
const isAtRest = (row: StateRow): boolean => stateOf(row, NO_VOCABULARY).activity.state !== 'INTERACTING';
