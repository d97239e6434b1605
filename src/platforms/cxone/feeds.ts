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

/** Time fields of both lists. */
const STATE_TIMES = ['startDate', 'lastUpdateTime', 'contactStartHandleTime'];
const CONTACT_TIMES = ['agentStartDate', 'lastUpdateTime', 'contactStartDate', 'contactStart'];

/** A page of agents' states. Unreadable rows are left out. */
interface StatesPage extends Page {
  states: StateRow[];
  /** Ids of all agents in the page. */
  named: string[];
  /** Ids without agents who are logged out since an unknown time. */
  atWork: string[];
}

/** A list of contacts. */
interface ContactsList {
  rows: ContactRow[];
  /** Whether it contains all open contacts. */
  isWhole: boolean;
  /** When the first of them was read, in platform ms. */
  readAtMs: number;
}

/**
 * The two polled lists, each with the server's cursor: `lastPollTime` of the first page of a read, so that changes during the
 * read come again. The cursor advances when a read is complete, and stays if a response has none.
 */
export class Feeds {
  readonly #client: CxoneApi;
  readonly #roster: CxoneRoster;
  readonly #context: Pick<PlatformContext, 'count'>;
  readonly #refusals: Refusals<keyof typeof REQUESTS>;
  #states: string | undefined;
  #contacts: string | undefined;
  /** Whether all contacts fit on one page: then the complete list costs no more than the changes. */
  #isShort = true;
  /** The latest exact platform time in a response; responses without a body have whole seconds only. */
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

  /** Whether there is a cursor to poll changes from. */
  get isBegun(): boolean {
    return this.#states !== undefined;
  }

  /** Drops the cursors. */
  reset(): void {
    this.#states = undefined;
    this.#contacts = undefined;
  }

  /** All agents' states, page by page; changes are polled from its start on. @throws RequestFailed */
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
   * Reports changes since the last poll. Both lists are requested at once. If one fails, the other is still reported. Contacts
   * carry their start time, which is added to what states say about them.
   * @throws RequestFailed after the successful list has been reported
   */
  async changes(report: (reports: PlatformReport[]) => void): Promise<void> {
    const asError = (error: unknown): Error => error as Error;
    const lists = [this.#changedStates().catch(asError), this.contacts('poll').catch(asError)] as const;
    const [states, contacts] = await Promise.all(lists);
    if (!(states instanceof Error)) report(states.flatMap((row) => this.#roster.changed(row)));
    if (!(contacts instanceof Error)) report(this.followContacts(contacts));
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
   * @param kind `reading`: all contacts; `poll`: changed ones, or all if that resolves more
   * @returns undefined if the request is refused
   * @throws RequestFailed
   */
  async contacts(kind: RequestKind): Promise<ContactsList | undefined> {
    if (kind === 'poll' && this.#refusals.has('contacts')) return undefined;
    const list = await this.#refusals.unlessRefused('contacts', () => this.#readContacts(kind));
    if (list) this.#roster.noteBeginnings(list.rows, list.isWhole);
    return list;
  }

  /** @returns reports of changes in a list of contacts */
  followContacts(list: ContactsList | undefined): PlatformReport[] {
    return list ? this.#roster.contacts(list.rows, list.isWhole, list.readAtMs) : [];
  }

  async #readContacts(kind: RequestKind): Promise<ContactsList> {
    const isComplete =
      kind === 'reading' || this.#isShort || this.#roster.needsContacts || this.#contacts === undefined;
    const list = isComplete ? CONTACTS : { ...CONTACTS, query: { updatedSince: this.#contacts ?? '' } };
    const rows: ContactRow[] = [];
    let cursor: string | undefined;
    let [readAtMs, pages, total] = [0, 0, 0];
    for await (const page of readList(this.#client, list, kind)) {
      if (page.isFirst) [cursor, readAtMs] = [page.cursor, this.#timeOf(page)];
      if (page.rows.length > 0) pages += 1;
      // A page without a body has no total.
      total = page.total ?? total;
      for (const row of page.rows) {
        for (const field of row.zoneless(...CONTACT_TIMES)) this.#roster.surplus.zoneless(field);
      }
      rows.push(...page.rows.flatMap((row) => readContactRow(row) ?? []));
    }
    this.#countMedia(rows);
    if (isComplete) this.#isShort = pages <= 1;
    this.#contacts = cursor ?? this.#contacts;
    // A list that changed during the read may lack contacts that are still open.
    const isWhole = isComplete && new Set(rows.map(({ contactId }) => contactId)).size >= total;
    return { rows, isWhole, readAtMs };
  }

  /** Counts unknown media types, once per list. */
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

/** Logged out without a time: dated to the read. */
const isLongGone = (row: Row): boolean => row.number('agentStateId') === 0 && readStateRow(row) === undefined;
