import { interactionsFacet } from '../../agent/facets.ts';
import type { Clock } from '../../ops/clock.ts';
import { RequestFailed } from '../failure.ts';
import type { PlatformReader, PlatformReport, ReaderContext } from '../platform.ts';
import { CxoneApi } from './client.ts';
import { readContactRow, stepOfContact } from './contact.ts';
import { recordsOf } from './list.ts';
import { Row } from './row.ts';
import type { CxoneSettings } from './settings.ts';
import {
  isOccupied,
  loggedOut,
  readStateRow,
  type StateRow,
  stampState,
  stateOf,
  type Vocabulary,
  vocabularyOf,
} from './state.ts';

/** Agent ids are numbers; other ids cannot be requested. */
const AGENT_ID = /^[1-9]\d{0,15}$/;

/** Asks NICE CXone about single agents, for regions that cannot reach their home. */
class CxoneReader implements PlatformReader {
  /** CXone can list one agent or all agents, but not several. */
  readonly batch = 1;
  readonly #context: ReaderContext;
  readonly #client: CxoneApi;
  readonly #vocabulary: Vocabulary;
  readonly #stopping = new AbortController();

  constructor(settings: CxoneSettings, context: ReaderContext, clock: Clock) {
    this.#context = context;
    this.#vocabulary = vocabularyOf(settings.unavailableCodes);
    const policy = { attempts: 1, waits: false };
    this.#client = new CxoneApi(settings, context, clock, this.#stopping.signal, policy);
  }

  async prepare(): Promise<void> {
    await this.#client.login();
  }

  async read(agentIds: string[], signal: AbortSignal): Promise<PlatformReport[]> {
    const ids = agentIds.map((id) => id.slice(this.#context.connection.length + 1));
    const reports = await Promise.all(ids.filter((id) => AGENT_ID.test(id)).map((id) => this.#readOne(id, signal)));
    return reports.flat();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#client.close();
  }

  /** No report if the agent's state or contacts are incomplete. */
  async #readOne(agentId: string, signal: AbortSignal): Promise<PlatformReport[]> {
    let rows: StateRow[];
    try {
      const { body } = await this.#client.get({ to: 'statesOfAgent', agentId }, 'poll', signal);
      rows = recordsOf(body, 'agentStates').flatMap((record) => readStateRow(new Row(record), agentId) ?? []);
    } catch (error) {
      if (!(error instanceof RequestFailed) || error.atMs === undefined || !isUnknownAgent(error)) throw error;
      const presence = loggedOut(agentId, error.atMs);
      return [this.#report(agentId, { presence }, presence)];
    }
    const row = rows.sort((a, b) => b.updatedMs - a.updatedMs)[0];
    if (!row) return [];
    const state = stateOf(row, this.#vocabulary);
    if (state.unknown) this.#context.count('unknown_value', state.unknown);
    const facets = stampState(agentId, state, row.startMs);
    const contacts = isOccupied(row) ? await this.#readContacts(agentId, signal) : [];
    if (contacts.length < (row.openContacts ?? 0)) return [];
    return [...contacts, this.#report(agentId, facets, facets.presence)];
  }

  /** Contacts of an agent: they complete what the state does not contain. */
  async #readContacts(agentId: string, signal: AbortSignal): Promise<PlatformReport[]> {
    const { body, atMs } = await this.#client.get({ to: 'contacts', query: `agentId=${agentId}` }, 'poll', signal);
    return recordsOf(body, 'activeContacts').flatMap((record) => {
      const row = readContactRow(new Row(record));
      const step = row && stepOfContact(row, new Map(), atMs);
      if (step?.agentId !== agentId) return [];
      return this.#report(agentId, interactionsFacet(step.interaction), step.interaction);
    });
  }

  #report(agentId: string, facets: PlatformReport['facets'], { at, id }: { at: number; id: string }): PlatformReport {
    return { agentId: `${this.#context.connection}:${agentId}`, eventId: id, timestampMs: at, facets };
  }
}

/** Only a 404 with this message: a wrong path must not log all agents out. */
const isUnknownAgent = ({ status, message }: RequestFailed): boolean =>
  status === 404 && /invalid ?agent ?id/i.test(message);

/** Reads single agents of one account on NICE CXone. */
export function createCxoneReader(settings: CxoneSettings, context: ReaderContext, clock: Clock): PlatformReader {
  return new CxoneReader(settings, context, clock);
}
