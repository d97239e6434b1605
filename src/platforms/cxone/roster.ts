import { type Interaction, interactionsFacet, type Profile, type Stamped, type Version } from '../../agent/facets.ts';
import type { AgentReading, PlatformContext, PlatformReport } from '../platform.ts';
import { Surplus } from '../surplus.ts';
import { type ContactRow, stepOfContact } from './contact.ts';
import { AgentContacts } from './contacts.ts';
import type { Directory } from './directory.ts';
import { profileOf } from './profile.ts';
import {
  type AgentState,
  loggedOut,
  newsOf,
  notWatched,
  type StateReading,
  type StateRow,
  stampState,
  stateOf,
  tupleOf,
} from './state.ts';

interface Known {
  row: StateRow;
  tuple: string;
  /** Told last. */
  state: StateReading;
  contacts: AgentContacts;
  profile?: Version & { content: string };
  /** Gone from a complete list of states. */
  isGone: boolean;
}

/** A reading of an agent, and what must be told beside it. */
export interface RosterReading {
  reading: AgentReading;
  reports: PlatformReport[];
}

/**
 * What is known of each agent, so that only what is new is told. Lists may repeat rows, bring old ones, and give two
 * states the same time: rows are told apart by what they hold, and ordered by when they changed.
 */
export class CxoneRoster {
  readonly #context: Pick<PlatformContext, 'connection' | 'count'>;
  readonly #directory: Directory;
  readonly surplus: Surplus;
  readonly #agents = new Map<string, Known>();
  /** Agents whose contacts are not all known: a complete list of contacts settles it. */
  readonly #doubtful = new Set<string>();
  /** Whether the last complete list lacked contacts that were open: the next one settles it. */
  #lacksContacts = false;
  /** When contacts came to be, in platform ms, as far as the lists told. */
  #began = new Map<string, number>();
  /** Whether a complete list of contacts was read. */
  #isListed = false;

  constructor(context: Pick<PlatformContext, 'connection' | 'count' | 'log'>, directory: Directory) {
    this.#context = context;
    this.surplus = new Surplus(context);
    this.#directory = directory;
  }

  /** Agents who have not gone. */
  get size(): number {
    let size = 0;
    for (const { isGone } of this.#agents.values()) if (!isGone) size += 1;
    return size;
  }

  get hasDoubts(): boolean {
    return this.#doubtful.size > 0 || this.#lacksContacts;
  }

  /** Agents who have not gone, by id. */
  present(): string[] {
    return [...this.#agents].flatMap(([agentId, { isGone }]) => (isGone ? [] : [agentId]));
  }

  /** A row that the platform sent because it changed. Late ones and repetitions are no news. */
  changed(row: StateRow): PlatformReport[] {
    const known = this.#agents.get(row.agentId);
    if (known && row.updatedMs < known.row.updatedMs) return [];
    return this.#follow(row, known);
  }

  /** An agent as a complete list has them; whoever is in it is there, whatever was thought of them. */
  read(row: StateRow): RosterReading {
    const known = this.#agents.get(row.agentId);
    const isLate = known && !known.isGone && row.updatedMs < known.row.updatedMs;
    const reports = isLate ? [] : this.#follow(row, known);
    return {
      reading: this.told(row.agentId) as AgentReading,
      reports: reports.filter(({ facets }) => !facets.presence),
    };
  }

  /** Everything known of an agent. */
  told(agentId: string): AgentReading | undefined {
    const known = this.#agents.get(agentId);
    if (!known) return undefined;
    const profile = this.#directory.isRead ? this.#profile(agentId, known) : undefined;
    return {
      agentId: this.#fullId(agentId),
      facets: { ...(profile && { profile }), ...known.state, ...known.contacts.facets() },
      ...(this.#isListed && { open: known.contacts.openByMedia() }),
      isUnoccupied: known.row.openContacts === 0 && known.contacts.open.length === 0,
    };
  }

  /**
   * An agent who is in no list of states any more: logged out as of when it was read; undefined for one of whom something
   * was heard since.
   */
  gone(agentId: string, readAtMs: number): RosterReading | undefined {
    const known = this.#agents.get(agentId);
    if (known && !known.isGone && known.row.updatedMs > readAtMs) return undefined;
    const presence = loggedOut(agentId, readAtMs);
    const reading = { agentId: this.#fullId(agentId), facets: { presence }, isGone: true };
    if (!known || known.isGone) return { reading, reports: [] };
    const reports = known.contacts.movedOn(readAtMs, 'all').map((step) => this.#interaction(agentId, step));
    known.isGone = true;
    known.tuple = '';
    // Whatever is older must not bring them back.
    known.row = { ...known.row, updatedMs: Math.max(known.row.updatedMs, readAtMs), openContacts: 0 };
    known.state = { ...known.state, presence };
    this.#doubtful.delete(agentId);
    return { reading, reports };
  }

  /** The platform says no more how its agents are. The next row of each counts, even if it says the same as the last. */
  unwatched(atMs: number): PlatformReport[] {
    return [...this.#agents].flatMap(([agentId, known]) => {
      const state = known.isGone ? undefined : notWatched(known.state, atMs);
      if (!state) return [];
      Object.assign(known, { state, tuple: '' });
      return [this.#stateReport(agentId, state)];
    });
  }

  /** Notes what a list of contacts tells and states do not: what is told next of a contact goes with it. */
  noteBeginnings(rows: ContactRow[], isComplete: boolean): void {
    if (isComplete) this.#began = new Map();
    for (const { contactId, beganMs } of rows) if (beganMs !== undefined) this.#began.set(contactId, beganMs);
  }

  /** Rows of contacts, all there are or those that changed. @param readAtMs when the first of them was read */
  contacts(rows: ContactRow[], isComplete: boolean, readAtMs: number): PlatformReport[] {
    const reports: PlatformReport[] = [];
    const tell = (agentId: string, steps: Stamped<Interaction>[]): void => {
      reports.push(...steps.map((step) => this.#interaction(agentId, step)));
    };
    if (isComplete) {
      this.#isListed = true;
      const listed = new Map(rows.map((row) => [row.contactId, row]));
      for (const [agentId, { contacts }] of this.#agents) tell(agentId, contacts.missing(listed, readAtMs));
      this.#lacksContacts = [...this.#agents.values()].some(({ contacts }) => contacts.hasMissed);
    }
    for (const row of rows) {
      const step = stepOfContact(row, this.#directory.categories, readAtMs);
      const known = step && this.#agents.get(step.agentId);
      if (known && !known.isGone) tell(step.agentId, known.contacts.take(step));
    }
    if (isComplete) reports.push(...this.#settleDoubts());
    return reports;
  }

  /** With all contacts listed, what they leave of capacity can be told. */
  #settleDoubts(): PlatformReport[] {
    const reports = [...this.#doubtful].flatMap((agentId) => {
      const known = this.#agents.get(agentId);
      return known && !known.isGone ? this.#state(known, known.row) : [];
    });
    // Where even that leaves some unknown, nothing else will tell before the agent's state changes.
    this.#doubtful.clear();
    return reports;
  }

  #follow(row: StateRow, known: Known | undefined): PlatformReport[] {
    const tuple = tupleOf(row);
    if (known?.tuple === tuple) {
      known.row = row;
      return [];
    }
    const { agentId } = row;
    const contacts = known?.contacts ?? new AgentContacts(agentId, (contactId) => this.#began.get(contactId));
    const steps = contacts.follow(row).map((step) => this.#interaction(agentId, step));
    if (known) {
      Object.assign(known, { row, tuple, isGone: false });
      return [...steps, ...this.#state(known, row)];
    }
    const state = this.#meaning(row, contacts);
    const fresh = { row, tuple, state: stampState(agentId, state, row.startMs), contacts, isGone: false };
    this.#agents.set(agentId, fresh);
    return [...this.#introduction(agentId, fresh), ...steps, this.#stateReport(agentId, fresh.state)];
  }

  /** The state of a row, if it is another than what was told. */
  #state(known: Known, row: StateRow): PlatformReport[] {
    const state = newsOf(row, this.#meaning(row, known.contacts), known.state);
    if (!state) return [];
    known.state = state;
    return [this.#stateReport(row.agentId, state)];
  }

  /** What a row means, with what is known of contacts: with some unknown, nobody can tell if there is room for more. */
  #meaning(row: StateRow, contacts: AgentContacts): AgentState {
    const open = contacts.open.length;
    const counted = row.openContacts ?? open;
    if (counted === open) this.#doubtful.delete(row.agentId);
    else this.#doubtful.add(row.agentId);
    const state = stateOf(row, this.#directory.vocabulary, counted <= open);
    if (state.unknown) this.#context.count('unknown_value', state.unknown);
    return state;
  }

  /** A profile has no time on the platform: it takes that of the reading, and is always newer than the one before. */
  #profile(agentId: string, known: Known): Stamped<Profile> {
    const { profile, cut } = profileOf(this.#context.connection, this.#directory.person(agentId, known.row.name));
    this.surplus.note(this.#fullId(agentId), cut);
    const content = JSON.stringify(profile);
    if (content !== known.profile?.content) {
      const at = Math.max(this.#directory.atMs, (known.profile?.at ?? 0) + 1);
      known.profile = { at, id: `${agentId}/profile/${at}`, content };
    }
    const { at, id } = known.profile;
    return { ...profile, at, id };
  }

  /** Who somebody is that nobody has heard of: no reading will say it for a while. */
  #introduction(agentId: string, known: Known): PlatformReport[] {
    if (!this.#directory.isRead) return [];
    const profile = this.#profile(agentId, known);
    return [{ agentId: this.#fullId(agentId), eventId: profile.id, timestampMs: profile.at, facets: { profile } }];
  }

  #stateReport(agentId: string, facets: StateReading): PlatformReport {
    const { at, id } = facets.presence;
    return { agentId: this.#fullId(agentId), eventId: id, timestampMs: at, facets };
  }

  #interaction(agentId: string, step: Stamped<Interaction>): PlatformReport {
    const facets = interactionsFacet(step);
    return { agentId: this.#fullId(agentId), eventId: step.id, timestampMs: step.at, facets };
  }

  #fullId(agentId: string): string {
    return `${this.#context.connection}:${agentId}`;
  }
}
