import type { PlatformContext, PlatformReport } from '../platform.ts';
import type { Refusals } from '../refusals.ts';
import type { CxoneApi, RequestKind } from './client.ts';
import { type ContactRow, readContactRow } from './contact.ts';
import { type Page, readList } from './list.ts';
import { isKnownMedia } from './mapping.ts';
import type { REQUESTS } from './requests.ts';
import type { CxoneRoster } from './roster.ts';
import type { Row } from './row.ts';
import { readStateRow, type StateRow } from './state.ts';

const STATES = { of: { to: 'states' }, key: 'agentStates' } as const;
const CONTACTS = { of: { to: 'contacts' }, key: 'activeContacts' } as const;

/** The times that are read of either. */
const STATE_TIMES = ['startDate', 'lastUpdateTime', 'contactStartHandleTime'];
const CONTACT_TIMES = ['agentStartDate', 'lastUpdateTime', 'contactStartDate', 'contactStart'];

/** A page of agents' states, as far as its rows can be read. */
interface StatesPage extends Page {
  states: StateRow[];
  /** Everybody in it. */
  named: string[];
  /** Those of them who are not logged out since nobody knows when. */
  atWork: string[];
}

/** A list of contacts, as it was read. */
interface ContactsList {
  rows: ContactRow[];
  /** Whether it has all contacts there are. */
  isWhole: boolean;
  /** When the first of them was read, in platform ms. */
  readAtMs: number;
}

/**
 * The two lists that are polled, each with the server's own cursor. It is `lastPollTime` of the first page of a read,
 * so that what changes while pages are read comes once more; it moves on when a read is complete, and stays where an
 * answer has none.
 */
export class Feeds {
  readonly #client: CxoneApi;
  readonly #roster: CxoneRoster;
  readonly #context: Pick<PlatformContext, 'count'>;
  readonly #refusals: Refusals<keyof typeof REQUESTS>;
  #states: string | undefined;
  #contacts: string | undefined;
  /** Whether the complete list of contacts fits on a page: then it costs no more than what changed. */
  #isShort = true;
  /** The latest time of the platform's own clock that an answer had in it: one without a body has whole seconds only. */
  #latestMs = 0;

  constructor(
    client: CxoneApi,
    roster: CxoneRoster,
    context: Pick<PlatformContext, 'count'>,
    refusals: Refusals<keyof typeof REQUESTS>,
  ) {
    this.#refusals = refusals;
    this.#client = client;
    this.#roster = roster;
    this.#context = context;
  }

  /** Whether it is known from where to ask for changes. */
  get isBegun(): boolean {
    return this.#states !== undefined;
  }

  /** The next reading begins anew. */
  reset(): void {
    this.#states = undefined;
    this.#contacts = undefined;
  }

  /** All agents' states, page by page; changes are asked for from its beginning on. @throws RequestFailed */
  async *allStates(): AsyncGenerator<StatesPage> {
    for await (const page of readList(this.#client, STATES, 'reading')) {
      if (page.isFirst) this.#states ??= page.cursor;
      this.#timeOf(page);
      const named = page.rows.flatMap((row) => row.id('agentId') ?? []);
      const atWork = page.rows.flatMap((row) => (isLongGone(row) ? [] : (row.id('agentId') ?? [])));
      yield { ...page, states: this.#read(page), named, atWork };
    }
  }

  /**
   * What has changed since the last time. Both lists are asked for at once; what one of them tells does not wait for the other
   * to come back. The list of contacts tells when they came to be, which goes with all that states tell of them.
   * @throws RequestFailed once what could be had is told
   */
  async changes(tell: (reports: PlatformReport[]) => void): Promise<void> {
    const asError = (error: unknown): Error => error as Error;
    const lists = [this.#changedStates().catch(asError), this.contacts('poll').catch(asError)] as const;
    const [states, contacts] = await Promise.all(lists);
    if (!(states instanceof Error)) tell(states.flatMap((row) => this.#roster.changed(row)));
    if (!(contacts instanceof Error)) tell(this.followContacts(contacts));
    for (const list of [states, contacts]) if (list instanceof Error) throw list;
  }

  async #changedStates(): Promise<StateRow[]> {
    if (this.#states === undefined) return [];
    const rows: StateRow[] = [];
    let cursor: string | undefined;
    const list = { ...STATES, query: { updatedSince: this.#states } };
    for await (const page of readList(this.#client, list, 'poll')) {
      if (page.isFirst) cursor = page.cursor;
      this.#timeOf(page);
      rows.push(...this.#read(page));
    }
    this.#states = cursor ?? this.#states;
    return rows;
  }

  /**
   * @param kind `reading`: all contacts there are; `poll`: those that changed, or all, where that settles more
   * @returns undefined where they may not be read
   * @throws RequestFailed
   */
  async contacts(kind: RequestKind): Promise<ContactsList | undefined> {
    if (kind === 'poll' && this.#refusals.has('contacts')) return undefined;
    const list = await this.#refusals.unlessRefused('contacts', () => this.#readContacts(kind));
    if (list) this.#roster.noteBeginnings(list.rows, list.isWhole);
    return list;
  }

  /** @returns what a list of contacts has that is new */
  followContacts(list: ContactsList | undefined): PlatformReport[] {
    return list ? this.#roster.contacts(list.rows, list.isWhole, list.readAtMs) : [];
  }

  async #readContacts(kind: RequestKind): Promise<ContactsList> {
    const isComplete = kind === 'reading' || this.#isShort || this.#roster.hasDoubts || this.#contacts === undefined;
    const list = isComplete ? CONTACTS : { ...CONTACTS, query: { updatedSince: this.#contacts ?? '' } };
    const rows: ContactRow[] = [];
    let cursor: string | undefined;
    let [readAtMs, pages, total] = [0, 0, 0];
    for await (const page of readList(this.#client, list, kind)) {
      if (page.isFirst) [cursor, readAtMs] = [page.cursor, this.#timeOf(page)];
      if (page.rows.length > 0) pages += 1;
      // A page without a body does not say it.
      total = page.total ?? total;
      for (const row of page.rows) {
        for (const field of row.zoneless(...CONTACT_TIMES)) this.#roster.surplus.zoneless(field);
      }
      rows.push(...page.rows.flatMap((row) => readContactRow(row) ?? []));
    }
    this.#countMedia(rows);
    if (isComplete) this.#isShort = pages <= 1;
    this.#contacts = cursor ?? this.#contacts;
    // A moving list that lost some on the way is no proof that a contact is over.
    const isWhole = isComplete && new Set(rows.map(({ contactId }) => contactId)).size >= total;
    return { rows, isWhole, readAtMs };
  }

  /** Types of contacts that nobody knows, once for every list that has them. */
  #countMedia(rows: ContactRow[]): void {
    const unknown = new Set(rows.map(({ mediaTypeId }) => mediaTypeId).filter((id) => !isKnownMedia(id)));
    for (const id of unknown) this.#context.count('unknown_value', `mediaType:${id}`);
  }

  #timeOf({ cursor, atMs }: Page): number {
    if (cursor === undefined) return Math.max(this.#latestMs, atMs);
    this.#latestMs = Math.max(this.#latestMs, atMs);
    return atMs;
  }

  #read({ rows }: Page): StateRow[] {
    return rows.flatMap((row) => {
      for (const field of row.zoneless(...STATE_TIMES)) this.#roster.surplus.zoneless(field);
      const state = readStateRow(row);
      if (!state && !isLongGone(row)) this.#context.count('malformed_frame', 'agents/states');
      return state ?? [];
    });
  }
}

/** Logged out, without a time: that is told as of the reading. */
const isLongGone = (row: Row): boolean => row.number('agentStateId') === 0 && readStateRow(row) === undefined;
