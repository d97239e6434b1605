import type { Clock } from '../../ops/clock.ts';
import type { PlatformContext, Reading, ReadPage } from '../platform.ts';
import { readEach } from '../read-each.ts';
import type { Refusals } from '../refusals.ts';
import type { GenesysApi } from './client.ts';
import type { UserPayload } from './payloads.ts';
import {
  type Memberships,
  readDefinitions,
  readMemberships,
  readUsers,
  readUsersById,
  type UserPage,
} from './reads.ts';
import type { REQUESTS } from './requests.ts';
import type { Translator } from './translator.ts';
import type { Utilization } from './utilization.ts';

/**
 * Queue memberships cost at least one request per queue, change seldom, and are notified too; presence definitions hardly
 * ever change. Both are read again after this many times the duration of the last read.
 */
const SETUP_REST = 10;
/** If that takes longer than this, in ms, agents are read first. */
const LONG_SETUP_MS = 5_000;

/** Reads an organisation through its bulk endpoints. All methods throw RequestFailed. */
export class GenesysFullRead implements Reading {
  readonly #client: GenesysApi;
  readonly #translator: Translator;
  readonly #context: PlatformContext;
  readonly #clock: Clock;
  /** Resolves when queued reports have been accepted, so that they do not look like differences. */
  readonly #settled: () => Promise<void>;
  readonly #refusals: Refusals<keyof typeof REQUESTS>;
  /** Undefined if every agent takes one call at a time. */
  readonly #utilization: Utilization | undefined;
  #memberships: Memberships = { queueIds: new Map(), atMs: 0, refusal: undefined };
  /** When queues and presences are due again, monotonic, and how long the last read took, in ms; undefined: due now. */
  #setup: { dueMs: number; tookMs: number } | undefined;
  /** Current step, for people. */
  step = '';

  constructor(
    client: GenesysApi,
    translator: Translator,
    context: PlatformContext,
    clock: Clock,
    settled: () => Promise<void>,
    refusals: Refusals<keyof typeof REQUESTS>,
    utilization?: Utilization,
  ) {
    this.#client = client;
    this.#translator = translator;
    this.#context = context;
    this.#clock = clock;
    this.#settled = settled;
    this.#refusals = refusals;
    this.#utilization = utilization;
  }

  /** Called after a gap: the next full read includes queues and presences. */
  restart(): void {
    this.#setup = undefined;
  }

  /** All users. After a gap twice, so that agents' states do not wait for their queues. */
  async *pages(): AsyncGenerator<ReadPage> {
    const { tookMs } = this.#setup ?? {};
    const isLong = tookMs === undefined || tookMs > LONG_SETUP_MS;
    if (isLong) yield* this.#users();
    await this.#readSetup();
    if (!isLong || tookMs === undefined) yield* this.#users();
    if (this.#utilization) this.step = 'what agents may carry';
    const changed = await this.#utilization?.readSome(this.#translator.roster.ids());
    if (changed) yield* this.users(changed);
  }

  async *#users(): AsyncGenerator<ReadPage> {
    this.step = this.#memberships.atMs === 0 ? 'how agents are' : 'how agents are, with their queues';
    for await (const page of readUsers(this.#client)) yield await this.#readingOf(page);
  }

  byId(agentIds: string[]): AsyncGenerator<ReadPage> {
    const prefix = `${this.#context.connection}:`;
    return this.users(agentIds.map((id) => id.slice(prefix.length)));
  }

  /** Single users. One that the platform no longer finds by id is gone. */
  async *users(userIds: string[]): AsyncGenerator<ReadPage> {
    for await (const page of readUsersById(this.#client, userIds)) {
      const { atMs, agents } = await this.#readingOf(page);
      const found = new Set(page.users.map(({ id }) => id));
      const gone = page.asked.filter((id) => !found.has(id)).map((id) => this.#translator.roster.gone(id, atMs));
      yield { atMs, agents: [...agents, ...gone] };
    }
  }

  async #readingOf({ users, atMs }: UserPage): Promise<ReadPage> {
    await this.#settled();
    const { queueIds, atMs: joinedAtMs } = this.#memberships;
    const queuesOf = (id: string) => ({ ids: queueIds.get(id) ?? [], atMs: joinedAtMs });
    const read = (user: UserPayload) =>
      this.#translator.read(user, atMs, queuesOf(user.id), this.#utilization?.of(user.id));
    const passOver = ({ id }: UserPayload, error: unknown) =>
      this.#context.passOver(`${this.#context.connection}:${id}`, error);
    return { atMs, agents: readEach(users, read, passOver) };
  }

  async #readSetup(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    if (this.#setup && startedMs < this.#setup.dueMs) return;
    this.step = 'which queues agents have joined';
    const definitions = await this.#refusals.unlessRefused('presenceDefinitions', () => readDefinitions(this.#client));
    if (definitions) this.#translator.definitions = definitions;
    await this.#readMemberships();
    await this.#utilization?.readOrganisation();
    const endedMs = this.#clock.monotonicMs();
    const tookMs = endedMs - startedMs;
    this.#setup = { dueMs: endedMs + SETUP_REST * tookMs, tookMs };
  }

  /** Memberships keep the time of their own read: notifications since then are newer. */
  async #readMemberships(): Promise<void> {
    const memberships = await this.#refusals.unlessRefused('queues', () => readMemberships(this.#client));
    if (!memberships) return;
    this.#memberships = memberships;
    this.#refusals.note('queueMembers', memberships.refusal);
  }
}
