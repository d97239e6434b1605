import type { Clock } from '../../ops/clock.ts';
import { RequestFailed } from '../failure.ts';
import type { PlatformContext } from '../platform.ts';
import { isRefusal, type Refusals } from '../refusals.ts';
import type { CxoneApi } from './client.ts';
import { type List, readList } from './list.ts';
import { capacityOf, type Person, readAssignment, type SkillAssignment } from './profile.ts';
import type { REQUESTS } from './requests.ts';
import type { Row } from './row.ts';
import type { UnavailableCodes } from './settings.ts';
import { type Vocabulary, vocabularyOf } from './state.ts';

/** Rarely changing data is read again after this many times the duration of the last read, and SHORTEST_REST_MS at least. */
const REST = 10;
const SHORTEST_REST_MS = 600_000;

interface Entry {
  name: string | undefined;
  capacity: Person['capacity'];
  skills: Map<string, SkillAssignment>;
}

/** Agents' names, skills and capacity, and the tenant's codes and contact states: everything except agents' states. */
export class Directory {
  readonly #client: CxoneApi;
  readonly #log: PlatformContext['log'];
  readonly #refusals: Refusals<keyof typeof REQUESTS>;
  readonly #clock: Clock;
  readonly #vocabulary: Vocabulary & { acwCodes: Set<string> };
  #entries = new Map<string, Entry>();
  #teams = new Set<string>();
  readonly #categories = new Map<number, string>();
  /** Rows of all assignments at the last complete read. */
  #assignments = 0;
  #skillCursor: string | undefined;
  #areSkillsRead = false;
  /** When everything was last read, monotonic, and how long that took, in ms. */
  #read: { endedMs: number; tookMs: number } | undefined;
  /** Whether an agent was requested who is missing here. */
  #isMissing = false;
  /** When the data was read, in platform ms; 0 before the first read. */
  atMs = 0;

  constructor(
    client: CxoneApi,
    codes: UnavailableCodes | undefined,
    context: Pick<PlatformContext, 'log'>,
    refusals: Refusals<keyof typeof REQUESTS>,
    clock: Clock,
  ) {
    this.#client = client;
    this.#log = context.log;
    this.#refusals = refusals;
    this.#clock = clock;
    this.#vocabulary = vocabularyOf(codes);
  }

  get vocabulary(): Vocabulary {
    return this.#vocabulary;
  }

  /** Contact states' categories by id. */
  get categories(): ReadonlyMap<number, string> {
    return this.#categories;
  }

  /** Whether skills have been read; without them no profiles are reported. */
  get isRead(): boolean {
    return this.#areSkillsRead;
  }

  /** An agent's data; the name from their state is the fallback for agents missing here. */
  person(agentId: string, name: string | undefined): Person {
    const entry = this.#entries.get(agentId);
    if (!entry) this.#isMissing = true;
    return { name: entry?.name ?? name ?? agentId, skills: entry?.skills ?? new Map(), capacity: entry?.capacity };
  }

  capacity(agentId: string): Person['capacity'] {
    return this.#entries.get(agentId)?.capacity;
  }

  /** Reads everything if it is due, otherwise changed assignments. @throws RequestFailed */
  async refresh(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    if (startedMs < this.#dueMs()) {
      const since = this.#skillCursor;
      if (since) await this.#refusals.unlessRefused('skills', () => this.#followSkills(since));
      return;
    }
    this.#isMissing = false;
    await this.#readAll();
    const endedMs = this.#clock.monotonicMs();
    this.#read = { endedMs, tookMs: endedMs - startedMs };
  }

  /** Earlier if something is missing, but never so that these reads use most of the time. */
  #dueMs(): number {
    if (!this.#read) return 0;
    const restMs = REST * this.#read.tookMs;
    const isWanted = this.#isMissing || PARTS.some((part) => this.#refusals.has(part));
    return this.#read.endedMs + (isWanted ? restMs : Math.max(SHORTEST_REST_MS, restMs));
  }

  async #readAll(): Promise<void> {
    const entries = new Map<string, Entry>();
    const teams = await this.#refusals.unlessRefused('agents', () => this.#readAgents(entries));
    if (teams) this.#teams = teams;
    else entries.clear();
    const skills = await this.#refusals.unlessRefused('skills', () => this.#readSkills(entries));
    if (!skills) keepSkills(this.#entries, entries);
    this.#entries = entries;
    await this.#readCategories();
    await this.#readCodes();
  }

  /** @returns ids of the teams of active agents */
  async #readAgents(entries: Map<string, Entry>): Promise<Set<string>> {
    const teams = new Set<string>();
    for await (const page of readList(this.#client, { of: { to: 'agents' }, key: 'agents' }, 'reading')) {
      if (page.isFirst) this.atMs = page.atMs;
      for (const row of page.rows) this.#enter(entries, teams, row);
    }
    return teams;
  }

  #enter(entries: Map<string, Entry>, teams: Set<string>, row: Row): void {
    const agentId = row.id('agentId');
    if (agentId === undefined) return;
    const name = [row.text('firstName'), row.text('lastName')].filter(Boolean).join(' ') || row.text('userName');
    entries.set(agentId, { name, capacity: capacityOf(row), skills: new Map() });
    const teamId = row.id('teamId');
    if (teamId !== undefined && row.flag('isActive') !== false) teams.add(teamId);
  }

  async #readSkills(entries: Map<string, Entry>): Promise<{ rows: number }> {
    this.#skillCursor = undefined;
    let rows = 0;
    for await (const page of readList(this.#client, SKILLS, 'reading')) {
      if (page.isFirst) this.#skillCursor = page.cursor;
      if (page.isFirst) this.atMs = Math.max(this.atMs, page.atMs);
      rows += page.rows.length;
      assign(entries, page.rows);
    }
    this.#assignments = rows;
    this.#areSkillsRead = true;
    return { rows };
  }

  /**
   * Assignments changed since the last read. A response as long as the whole list shows that the platform ignores
   * `updatedSince`: from then on only complete reads are used.
   */
  async #followSkills(since: string): Promise<Row[]> {
    const rows: Row[] = [];
    const list = { ...SKILLS, query: { updatedSince: since } };
    let cursor: string | undefined;
    let atMs = this.atMs;
    for await (const page of readList(this.#client, list, 'reading')) {
      if (page.isFirst) cursor = page.cursor;
      if (page.isFirst) atMs = page.atMs;
      rows.push(...page.rows);
    }
    const isIgnored = rows.length >= this.#assignments && rows.length > 1;
    this.#skillCursor = isIgnored ? undefined : (cursor ?? this.#skillCursor);
    assign(this.#entries, rows);
    if (rows.length > 0) this.atMs = Math.max(this.atMs, atMs);
    return rows;
  }

  /** Reads the tenant's contact states; without them the built-in ones are used. */
  async #readCategories(): Promise<void> {
    const refusal = await this.#readRows({ of: { to: 'contactStates' }, key: 'contactStateDescriptions' }, (row) => {
      const id = row.number('contactStateId');
      const category = row.text('contactStateCategory') ?? row.text('contactStateDescription');
      if (id !== undefined && category !== undefined) this.#categories.set(id, category);
    });
    this.#refusals.note('contactStates', refusal);
  }

  /** Reads the unavailable codes for after-contact work, from one list per team. */
  async #readCodes(): Promise<void> {
    let refusal: RequestFailed | undefined;
    for (const teamId of this.#teams) {
      const list: List = { of: { to: 'unavailableCodes', teamId }, key: 'unavailableCodes' };
      refusal = (await this.#readRows(list, (row) => this.#noteCode(row))) ?? refusal;
    }
    this.#refusals.note('unavailableCodes', refusal);
  }

  /** Reads an optional list. @returns the refusal, if any */
  async #readRows(list: List, take: (row: Row) => void): Promise<RequestFailed | undefined> {
    try {
      for await (const { rows } of readList(this.#client, list, 'reading')) rows.forEach(take);
      return undefined;
    } catch (error) {
      if (isRefusal(error)) return error;
      if (!(error instanceof RequestFailed) || error.status !== 404) throw error;
      this.#log.warn('platform_list_missing', { reason: error.message });
      return undefined;
    }
  }

  #noteCode(row: Row): void {
    const id = row.id('outstateId');
    if (id === undefined) return;
    if (row.flag('isAcw')) this.#vocabulary.acwCodes.add(id);
    else this.#vocabulary.acwCodes.delete(id);
  }
}

const SKILLS = { of: { to: 'skills' }, key: 'agentSkillAssignments' } as const;

/** Requests that can be refused. */
const PARTS = ['agents', 'skills', 'contactStates', 'unavailableCodes'] as const;

/** Keeps known assignments while they cannot be read. */
function keepSkills(from: ReadonlyMap<string, Entry>, entries: Map<string, Entry>): void {
  for (const [agentId, { name, skills }] of from) {
    if (skills.size > 0) entries.set(agentId, { name, capacity: undefined, ...entries.get(agentId), skills });
  }
}

function assign(entries: Map<string, Entry>, rows: Row[]): void {
  for (const row of rows) {
    const assignment = readAssignment(row);
    if (!assignment) continue;
    const entry = entries.get(assignment.agentId) ?? {
      name: row.text('agentName'),
      capacity: undefined,
      skills: new Map(),
    };
    entries.set(assignment.agentId, entry);
    if (assignment.isRouted) entry.skills.set(assignment.skillId, assignment);
    else entry.skills.delete(assignment.skillId);
  }
}
