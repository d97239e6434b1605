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
 * Who has joined which queue costs a request or more per queue, changes seldom, and is notified, too; what presences
 * there are changes hardly ever. Both are read again after this many times as long as it took.
 */
const SETUP_REST = 10;
/** Where it takes longer than this, in ms, agents are read before. */
const LONG_SETUP_MS = 5_000;

/** Reads an organisation through its bulk endpoints. Every way throws RequestFailed. */
export class GenesysFullRead implements Reading {
  readonly #client: GenesysApi;
  readonly #translator: Translator;
  readonly #context: PlatformContext;
  readonly #clock: Clock;
  /** Resolves when nothing notified waits to be accepted: what was on its way anyhow would look like a difference. */
  readonly #settled: () => Promise<void>;
  readonly #refusals: Refusals<keyof typeof REQUESTS>;
  /** Undefined where every agent takes one call at a time. */
  readonly #utilization: Utilization | undefined;
  #memberships: Memberships = { queueIds: new Map(), atMs: 0, refusal: undefined };
  /** From when queues and presences are read again, monotonic, and how long that took, in ms; undefined: at once. */
  #setup: { dueMs: number; tookMs: number } | undefined;
  /** What is read just now, for people. */
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

  /** Something may have been missed: the next reading leaves nothing out. */
  restart(): void {
    this.#setup = undefined;
  }

  /** Everybody; where something may have been missed, twice: what agents do does not wait for the queues they are in. */
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

  /** These alone. One the platform does not know any more, by a listing and by id, is gone. */
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

  /** Those known keep the time of their own reading: what is notified meanwhile is newer. */
  async #readMemberships(): Promise<void> {
    const memberships = await this.#refusals.unlessRefused('queues', () => readMemberships(this.#client));
    if (!memberships) return;
    this.#memberships = memberships;
    this.#refusals.note('queueMembers', memberships.refusal);
  }
}
