import type { FirstReading, PlatformContext, Reading, ReadPage } from '../platform.ts';
import type { SyncHandle } from '../platform-sync.ts';
import { readEach } from '../read-each.ts';
import type { Directory } from './directory.ts';
import type { Feeds } from './feeds.ts';
import type { CxoneRoster, RosterReading } from './roster.ts';

/** Agents per page that is built from known data. */
const PAGE_SIZE = 500;

/** Reads a business unit through its lists. All methods throw RequestFailed. */
export class CxoneFullRead implements Reading {
  readonly #context: Pick<PlatformContext, 'connection' | 'count' | 'log' | 'passOver'>;
  readonly #feeds: Feeds;
  readonly #roster: CxoneRoster;
  readonly #directory: Directory;
  readonly #sink: Pick<SyncHandle, 'deliver' | 'settled'>;
  /** Start of the last complete list of states, in platform ms, and its agents; undefined if some may be missing. */
  #listed: { atMs: number; agentIds: Set<string> } | undefined;
  #hidden = 0;
  #progress: Omit<FirstReading, 'forMs'> = { step: 'how agents are', agents: 0 };

  constructor(
    context: Pick<PlatformContext, 'connection' | 'count' | 'log' | 'passOver'>,
    feeds: Feeds,
    roster: CxoneRoster,
    directory: Directory,
    sink: Pick<SyncHandle, 'deliver' | 'settled'>,
  ) {
    this.#context = context;
    this.#feeds = feeds;
    this.#roster = roster;
    this.#directory = directory;
    this.#sink = sink;
  }

  /** Why agents are missing, for people. */
  get problem(): string | undefined {
    return this.#hidden > 0
      ? `${this.#hidden} agents are hidden from the API user; give its role access to all of them`
      : undefined;
  }

  /** Progress of this read. */
  get progress(): Omit<FirstReading, 'forMs'> {
    return this.#progress;
  }

  /** All agents. The first time twice: with their states, then with names, skills and capacity as well. */
  async *pages(): AsyncGenerator<ReadPage> {
    this.#listed = undefined;
    const isFirst = !this.#directory.isRead;
    if (!isFirst) await this.#directory.refresh();
    let atMs: number | undefined;
    const [named, agentIds] = [new Set<string>(), new Set<string>()];
    let [hidden, total] = [0, 0];
    for await (const page of this.#feeds.allStates()) {
      atMs ??= page.atMs;
      hidden = Math.max(hidden, page.hidden);
      // A page without a body has no total.
      total = page.total ?? total;
      for (const agentId of page.named) named.add(agentId);
      this.#progress = { ...this.#progress, agents: named.size, ...(total > 0 && { about: total }) };
      for (const agentId of page.atWork) agentIds.add(agentId);
      const readings = readEach(
        page.states,
        (row) => this.#roster.read(row),
        ({ agentId }, error) => this.#context.passOver(`${this.#context.connection}:${agentId}`, error),
      );
      yield await this.#report(readings, page.atMs);
    }
    this.#noteHidden(hidden);
    if (atMs === undefined) return;
    if (named.size >= total) this.#listed = { atMs, agentIds };
    else this.#context.count('resync', 'the list of states was incomplete');
    this.#enter('which contacts there are');
    this.#sink.deliver(this.#feeds.followContacts(await this.#feeds.contacts('reading')));
    if (isFirst) yield* this.#introduce(atMs);
  }

  /** Agents who are in no list of states: logged out, if the list was complete. CXone has no bulk request by id. */
  async *byId(agentIds: string[]): AsyncGenerator<ReadPage> {
    if (!this.#listed) return;
    const { atMs, agentIds: listed } = this.#listed;
    const ids = agentIds.map((id) => id.slice(this.#context.connection.length + 1)).filter((id) => !listed.has(id));
    yield await this.#report(
      ids.flatMap((id) => this.#roster.gone(id, atMs) ?? []),
      atMs,
    );
  }

  async *#introduce(atMs: number): AsyncGenerator<ReadPage> {
    this.#enter('who agents are and what they can do');
    await this.#directory.refresh();
    const ids = this.#roster.present();
    for (let from = 0; from < ids.length; from += PAGE_SIZE) {
      await this.#sink.settled();
      const agents = ids.slice(from, from + PAGE_SIZE).flatMap((id) => this.#roster.reading(id) ?? []);
      yield { atMs: Math.max(atMs, this.#directory.atMs), agents };
    }
  }

  async #report(readings: RosterReading[], atMs: number): Promise<ReadPage> {
    this.#sink.deliver(readings.flatMap(({ reports }) => reports));
    await this.#sink.settled();
    return { atMs, agents: readings.map(({ reading }) => reading) };
  }

  #enter(step: string): void {
    this.#progress = { ...this.#progress, step };
  }

  #noteHidden(hidden: number): void {
    if (hidden > 0 && this.#hidden === 0) this.#context.log.warn('platform_agents_hidden', { hidden });
    this.#hidden = hidden;
  }
}
