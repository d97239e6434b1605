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

/** Ended interactions that are told once more in readings, for each agent. */
const ENDED_LIMIT = 10;
/** How far the list of contacts may lag behind what agents' states say, in ms: an integrator's notes say a second. */
const LAG_MS = 2000;

/** The contacts of one agent, as far as they are known. */
export class AgentContacts {
  readonly #agentId: string;
  readonly #beganAt: (contactId: string) => number | undefined;
  /** By contact id; the last that ended are kept, so that a reading can tell of them. */
  readonly #known = new Map<string, Stamped<Interaction>>();
  /** Those that the last reading did without, and since when readings do, in platform ms. */
  #missed = new Map<string, number>();
  /** The contact in focus while the agent's state is that of one at work on it. */
  #inHand: string | undefined;

  /** @param beganAt when a contact came to be, in platform ms, as far as a list has told */
  constructor(agentId: string, beganAt: (contactId: string) => number | undefined = () => undefined) {
    this.#agentId = agentId;
    this.#beganAt = beganAt;
  }

  get open(): Stamped<Interaction>[] {
    return [...this.#known.values()].filter(({ state }) => state !== 'ENDED');
  }

  /** Whether another complete list is to tell what has become of some. */
  get hasMissed(): boolean {
    return this.#missed.size > 0;
  }

  /** How many are open, by media type. */
  openByMedia(): Partial<Record<Media, number>> {
    const counts: Partial<Record<Media, number>> = {};
    for (const { media } of this.open) counts[media] = (counts[media] ?? 0) + 1;
    return counts;
  }

  /** All that are known. */
  facets(): Pick<Facets, 'interactions'> {
    return this.#known.size > 0 ? interactionsFacet(...this.#known.values()) : {};
  }

  /** What a state says of contacts: of the one in focus, and of those that it cannot go with. */
  follow(row: StateRow): Stamped<Interaction>[] {
    const step = stepOfState(row);
    const isAway = step ? step.interaction.state === 'WRAP_UP' : isAtRest(row);
    this.#inHand = isAway ? undefined : row.contactId;
    const worked = step?.interaction.state === 'WRAP_UP' ? [] : this.#workedUp(row);
    const scope = row.openContacts === undefined ? 'voice' : 'all';
    const left = isAway && !isOccupied(row) ? this.movedOn(row.startMs, scope, step?.interaction.callId) : [];
    const isOnOne = step?.interaction.state === 'CONNECTED' && row.openContacts === 1;
    const alone = isOnOne ? this.#without(row.updatedMs, ({ callId }) => callId !== row.contactId) : [];
    return [...worked, ...left, ...alone, ...(step ? this.take(step) : [])];
  }

  /** @returns the step as it is to be told, or nothing where it is no news */
  take({ interaction }: Step): Stamped<Interaction>[] {
    const last = this.#known.get(interaction.callId);
    if (last && (last.state === interaction.state || compareVersions(interaction, last) <= 0)) return [];
    // Once taken, a contact is offered anew only after its end.
    if (interaction.state === 'ALERTING' && last && last.state !== 'ENDED') return [];
    const isSameAttempt = last && last.state !== 'ENDED';
    const connectedAt = (isSameAttempt ? last.connectedAt : undefined) ?? interaction.connectedAt;
    const beganAt = this.#beganAt(interaction.callId);
    const began = beganAt === undefined ? {} : { beganAt };
    return this.#note({ ...interaction, ...began, ...(connectedAt !== undefined && { connectedAt }) });
  }

  /** The agent's state has moved on at a platform time: what was open before is over, but for the contact it names. */
  movedOn(atMs: number, media: 'voice' | 'all', except?: string): Stamped<Interaction>[] {
    return this.open
      .filter(({ callId, at, ...one }) => callId !== except && at < atMs && (media === 'all' || one.media === media))
      .flatMap((one) => this.#end(one, atMs));
  }

  /**
   * What a complete list has with somebody else is over, and what it does not have may be. An alert is not over while the
   * contact is there and with nobody: it need not be in the agent's name before it is answered. Nor is what the agent's
   * state still has in hand, or wrap-up, which the state ends.
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
   * Contacts that a reading does without are over once another one, so much later as lists and states may lag, still does:
   * a list is read in pages, and what ends meanwhile moves others from one that is still to be read to one that was; a
   * state's count may be of another moment than its contact. Over as of the first of these readings, which is later than
   * whatever else was heard of the contact.
   */
  #without(readAtMs: number, lacks: (one: Stamped<Interaction>) => boolean): Stamped<Interaction>[] {
    const before = this.#missed;
    this.#missed = new Map();
    return this.open.flatMap((one) => {
      if (one.state === 'WRAP_UP' || !lacks(one)) return [];
      const heardOf = before.get(one.callId);
      const missedAtMs = heardOf !== undefined && heardOf > one.at ? heardOf : readAtMs;
      if (missedAtMs <= readAtMs - LAG_MS && one.callId !== this.#inHand) return this.#end(one, missedAtMs);
      if (one.at < readAtMs - LAG_MS) this.#missed.set(one.callId, missedAtMs);
      return [];
    });
  }

  /** After-call work is over with a later state that is none; while it shows, the contact need not be the one in focus. */
  #workedUp(row: StateRow): Stamped<Interaction>[] {
    if (stateOf(row, NO_VOCABULARY).activity.state === 'WRAP_UP') return [];
    const worked = this.open.filter(({ state, at }) => state === 'WRAP_UP' && at < row.startMs);
    return worked.flatMap((one) => this.#end(one, row.startMs));
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

/** Whether an agent does nothing for a contact. */
const isAtRest = (row: StateRow): boolean => stateOf(row, NO_VOCABULARY).activity.state !== 'INTERACTING';
