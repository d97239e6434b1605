import { compareVersions, type Facets, type Interaction, interactionsFacet, type Stamped } from '../../agent/facets.ts';
import type { Media } from '../../agent/media.ts';
import { type ContactRow, type Step, stampStep, stepOfState } from './contact.ts';
import { isOccupied, NO_VOCABULARY, type StateRow, stateOf } from './state.ts';

/** Ended interactions that are told once more in readings, for each agent. */
const ENDED_LIMIT = 10;
/** How far the list of contacts may lag behind what agents' states say, in ms: an integrator's notes say a second. */
const LAG_MS = 2000;

/** The contacts of one agent, as far as they are known. */
export class AgentContacts {
  readonly #agentId: string;
  /** By contact id; the last that ended are kept, so that a reading can tell of them. */
  readonly #known = new Map<string, Stamped<Interaction>>();
  /** Those that the last complete list did not have, and when it was read, in platform ms. */
  #missed: ReadonlyMap<string, number> = new Map();

  constructor(agentId: string) {
    this.#agentId = agentId;
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
    const isOnOne = step?.interaction.state === 'CONNECTED' && row.openContacts === 1;
    const isAway = step ? step.interaction.state === 'WRAP_UP' : isAtRest(row);
    const isOver = isOnOne || (isAway && !isOccupied(row));
    const scope = row.openContacts === undefined ? 'voice' : 'all';
    const ended = isOver ? this.movedOn(row.startMs, scope, step?.interaction.callId) : [];
    return [...ended, ...(step ? this.take(step) : [])];
  }

  /** @returns the step as it is to be told, or nothing where it is no news */
  take({ interaction }: Step): Stamped<Interaction>[] {
    const last = this.#known.get(interaction.callId);
    if (last && (last.state === interaction.state || compareVersions(interaction, last) <= 0)) return [];
    // Once taken, a contact is offered anew only after its end.
    if (interaction.state === 'ALERTING' && last && last.state !== 'ENDED') return [];
    const isSameAttempt = last && last.state !== 'ENDED';
    const connectedAt = (isSameAttempt ? last.connectedAt : undefined) ?? interaction.connectedAt;
    return this.#note({ ...interaction, ...(connectedAt !== undefined && { connectedAt }) });
  }

  /** The agent's state has moved on at a platform time: what was open before is over, but for the contact it names. */
  movedOn(atMs: number, media: 'voice' | 'all', except?: string): Stamped<Interaction>[] {
    return this.open
      .filter(({ callId, at, ...one }) => callId !== except && at <= atMs && (media === 'all' || one.media === media))
      .flatMap((one) => this.#end(one, atMs));
  }

  /**
   * What a complete list has with somebody else is over, and so is what lists do not have for as long as they may lag: a list is read in
   * pages, and what ends meanwhile moves others from one that is still to be read to one that was. An alert is not over
   * while the contact is there and with nobody: it need not be in the agent's name before it is answered. Nor is
   * wrap-up, which the state ends.
   * @param readAtMs when the list was read, in platform ms
   */
  missing(listed: ReadonlyMap<string, ContactRow>, readAtMs: number): Stamped<Interaction>[] {
    const before = this.#missed;
    const missed = new Map<string, number>();
    const over = this.open
      .filter(({ at, state }) => at < readAtMs - LAG_MS && state !== 'WRAP_UP')
      .flatMap((one): [Stamped<Interaction>, number][] => {
        const row = listed.get(one.callId);
        const isElsewhere =
          row && (row.agentId === undefined ? one.state !== 'ALERTING' : row.agentId !== this.#agentId);
        if (isElsewhere) return [[one, readAtMs]];
        if (row) return [];
        const missedAtMs = before.get(one.callId);
        if (missedAtMs !== undefined && missedAtMs <= readAtMs - LAG_MS) return [[one, Math.max(missedAtMs, one.at)]];
        missed.set(one.callId, missedAtMs ?? readAtMs);
        return [];
      });
    this.#missed = missed;
    return over.flatMap(([one, atMs]) => this.#end(one, atMs));
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
