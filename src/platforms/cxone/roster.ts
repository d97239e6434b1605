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
  /** Last reported. */
  state: StateReading;
  contacts: AgentContacts;
  profile?: Version & { content: string };
  /** Missing in a complete list of states. */
  isGone: boolean;
}

/** A reading of an agent, with reports of interactions that follow from it. */
export interface RosterReading {
  reading: AgentReading;
  reports: PlatformReport[];
}

/**
 * The agents of a connection and the last reported state of each, so that each change is reported once. Lists may repeat rows,
 * contain old ones, and give two states the same time: rows are compared by content and ordered by their time of change.
 */
export class CxoneRoster {
  readonly #context: Pick<PlatformContext, 'connection' | 'count'>;
  readonly #directory: Directory;
  readonly surplus: Surplus;
  readonly #agents = new Map<string, Known>();
  /** Agents with unknown contacts: a complete list of contacts resolves them. */
  readonly #unresolved = new Set<string>();
  /** Whether open contacts were missing in the last complete list: the next one decides about them. */
  #lacksContacts = false;
  /** Known start times of contacts, in platform ms. */
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

  /** Whether a complete list of contacts is needed. */
  get needsContacts(): boolean {
    return this.#unresolved.size > 0 || this.#lacksContacts;
  }

  /** Agents who have not gone, by id. */
  present(): string[] {
    return [...this.#agents].flatMap(([agentId, { isGone }]) => (isGone ? [] : [agentId]));
  }

  /** Takes a changed row. Late and repeated rows are ignored. */
  changed(row: StateRow): PlatformReport[] {
    const known = this.#agents.get(row.agentId);
    if (known && row.updatedMs < known.row.updatedMs) return [];
    return this.#follow(row, known);
  }

  /** Takes a row of a complete list; its agent is present, even if reported as gone before. */
  read(row: StateRow): RosterReading {
    const known = this.#agents.get(row.agentId);
    const isLate = known && !known.isGone && row.updatedMs < known.row.updatedMs;
    const reports = isLate ? [] : this.#follow(row, known);
    return {
      reading: this.reading(row.agentId) as AgentReading,
      reports: reports.filter(({ facets }) => !facets.presence),
    };
  }

  /** Everything known of an agent. */
  reading(agentId: string): AgentReading | undefined {
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
   * An agent who is missing in a complete list of states: logged out as of the read. Undefined for one with a newer row.
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
    // Older rows must not bring the agent back.
    known.row = { ...known.row, updatedMs: Math.max(known.row.updatedMs, readAtMs), openContacts: 0 };
    known.state = { ...known.state, presence };
    this.#unresolved.delete(agentId);
    return { reading, reports };
  }

  /** States can no longer be read. The next row of each agent counts, even if it equals the last one. */
  unwatched(atMs: number): PlatformReport[] {
    return [...this.#agents].flatMap(([agentId, known]) => {
      const state = known.isGone ? undefined : notWatched(known.state, atMs);
      if (!state) return [];
      Object.assign(known, { state, tuple: '' });
      return [this.#stateReport(agentId, state)];
    });
  }

  /** Records start times of contacts, which states do not contain; they are added to later reports. */
  noteBeginnings(rows: ContactRow[], isComplete: boolean): void {
    if (isComplete) this.#began = new Map();
    for (const { contactId, beganMs } of rows) if (beganMs !== undefined) this.#began.set(contactId, beganMs);
  }

  /** Takes rows of contacts: all or changed ones. @param readAtMs when the first of them was read */
  contacts(rows: ContactRow[], isComplete: boolean, readAtMs: number): PlatformReport[] {
    const reports: PlatformReport[] = [];
    const report = (agentId: string, steps: Stamped<Interaction>[]): void => {
      reports.push(...steps.map((step) => this.#interaction(agentId, step)));
    };
    if (isComplete) {
      this.#isListed = true;
      const listed = new Map(rows.map((row) => [row.contactId, row]));
      for (const [agentId, { contacts }] of this.#agents) report(agentId, contacts.missing(listed, readAtMs));
      this.#lacksContacts = [...this.#agents.values()].some(({ contacts }) => contacts.hasMissed);
    }
    for (const row of rows) {
      const step = stepOfContact(row, this.#directory.categories, readAtMs);
      const known = step && this.#agents.get(step.agentId);
      if (known && !known.isGone) report(step.agentId, known.contacts.take(step));
    }
    if (isComplete) reports.push(...this.#resolve());
    return reports;
  }

  /** Reports states that had to wait for a complete list of contacts. */
  #resolve(): PlatformReport[] {
    const reports = [...this.#unresolved].flatMap((agentId) => {
      const known = this.#agents.get(agentId);
      return known && !known.isGone ? this.#state(known, known.row) : [];
    });
    // Contacts that are still unknown stay so until the agent's state changes.
    this.#unresolved.clear();
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

  /** The state of a row, if it differs from the last reported one. */
  #state(known: Known, row: StateRow): PlatformReport[] {
    const state = newsOf(row, this.#meaning(row, known.contacts), known.state);
    if (!state) return [];
    known.state = state;
    return [this.#stateReport(row.agentId, state)];
  }

  /** State of a row together with the known contacts: while some are unknown, free capacity is unknown too. */
  #meaning(row: StateRow, contacts: AgentContacts): AgentState {
    const open = contacts.open.length;
    const counted = row.openContacts ?? open;
    if (counted === open) this.#unresolved.delete(row.agentId);
    else this.#unresolved.add(row.agentId);
    const state = stateOf(row, this.#directory.vocabulary, counted <= open);
    if (state.unknown) this.#context.count('unknown_value', state.unknown);
    return state;
  }

  /** A profile has no time on the platform: it takes the time of the read, and is always newer than the one before. */
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

  /** Profile of a new agent, so that it does not wait for the next full read. */
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
