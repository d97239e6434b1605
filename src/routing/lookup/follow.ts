import { setTimeout as delay } from 'node:timers/promises';
import { type Claim, compareClaims } from '../../agent/facets.ts';
import { claimOn, lockOf, VOICE } from '../../agent/status.ts';
import { domainsOf } from '../../config/topology.ts';
import type { AgentAnswer } from '../../contract/agents.ts';
import type { ClaimChange, RegionChange, StreamTopic } from '../../contract/stream.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import type { Change } from '../../store/store.ts';
import { ShardUnavailable } from '../../store/store.ts';
import { type Bookmark, writeBookmark } from '../consistency/bookmark.ts';
import { buildAgentAnswer, buildAndRecordAgentAnswer, buildClaimAnswer, type Region } from '../region.ts';

/** What somebody wants to be told. */
export interface Wanted {
  told: ReadonlySet<StreamTopic>;
  /** Only of agents of this home, and claims on them. */
  home?: string | undefined;
}

type News =
  | { event: 'agent'; data: AgentAnswer }
  | { event: 'claim'; data: ClaimChange }
  | { event: 'region'; data: RegionChange }
  /** What followed the bookmark is not known any more: whoever follows must read everything anew. */
  | { event: 'reset'; data: { why: 'gone' } };

/** Some news; whoever has all up to one with an id goes on from that. */
export type Numbered = News & { id?: string };

/** Nothing but how far it is. */
export interface Quiet {
  event: 'quiet';
  id: string;
}

/** Changes read at once: their records are answered in one piece. */
const PAGE = 100;
const LOOK_EVERY_MS = 100;
/** Whoever hears nothing for longer than this has lost the connection, in ms. */
const QUIET_MS = 10_000;

/**
 * Follows the changes of a region, whichever instance makes them, from a bookmark on:
 *
 *   looking ──some──► telling ──all told──► looking
 *      │ none           bookmark not known any more: `reset`, and on from now
 *      └──► waiting 100 ms; after 10 s without news how far it is
 *
 * It reads on when what it told has been taken, so that a slow listener costs one page of memory. What ends by time alone,
 * a wrap-up, is nobody's act: no news follows it, but those before said when.
 */
export class Follower {
  readonly #region: Region;
  readonly #wanted: Wanted;
  readonly #positions: Map<string, string>;
  readonly #regions = new Map<string, string>();
  #isLost: boolean;

  private constructor(region: Region, wanted: Wanted, positions: Map<string, string>, isLost: boolean) {
    this.#region = region;
    this.#wanted = wanted;
    this.#positions = positions;
    this.#isLost = isLost;
  }

  /** @param from undefined: from now on. @throws ShardUnavailable */
  static async open(region: Region, wanted: Wanted, from?: Bookmark): Promise<Follower> {
    const { config, changes } = region;
    const known = from?.region === config.region ? from.positions : undefined;
    const positions = await Promise.all(
      domainsOf(config).map(async (domain) => [domain, known?.get(domain) ?? (await changes.latest(domain))] as const),
    );
    const isLost = from !== undefined && positions.some(([domain]) => !known?.has(domain));
    return new Follower(region, wanted, new Map(positions), isLost);
  }

  /** Until the signal is given. Never throws; while a shard is away its domains are silent. */
  async *news(signal: AbortSignal): AsyncGenerator<(Numbered | Quiet)[]> {
    const { clock } = this.#region;
    yield [...(this.#isLost ? [this.#reset()] : []), ...this.#regionsThatChanged(), this.#quiet()];
    let toldMs = clock.monotonicMs();
    while (!signal.aborted) {
      let isMore = false;
      for (const domain of this.#positions.keys()) {
        const changes = await this.#next(domain);
        const news = changes === 'gone' ? [this.#reset()] : await this.#newsOf(domain, changes);
        isMore ||= news !== undefined && changes.length === PAGE;
        if (news && news.length > 0) {
          yield news;
          toldMs = clock.monotonicMs();
        }
      }
      const regions = this.#regionsThatChanged();
      if (regions.length > 0 || clock.monotonicMs() - toldMs >= QUIET_MS) {
        yield [...regions, this.#quiet()];
        toldMs = clock.monotonicMs();
      }
      if (!isMore) await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined); // the signal was given
    }
  }

  /** What has changed; `gone` leaves the domain at what is the latest now. */
  async #next(domain: string): Promise<Change[] | 'gone'> {
    const { changes, log } = this.#region;
    try {
      const next = await changes.after(domain, this.#positions.get(domain) ?? '', PAGE);
      if (next === 'gone') this.#positions.set(domain, await changes.latest(domain));
      return next;
    } catch (error) {
      if (!(error instanceof ShardUnavailable)) throw error;
      log.debug('changes_not_read', { err: error, domain });
      return [];
    }
  }

  /** Undefined while the shard is away: the same changes are read again. */
  async #newsOf(domain: string, changes: Change[]): Promise<Numbered[] | undefined> {
    const records = await this.#recordsOf(domain, changes);
    if (!records) return undefined;
    const last = new Map(changes.map(({ agentId }, i) => [agentId, i]));
    return changes.flatMap((change, i) => {
      this.#positions.set(domain, change.position);
      // The record is as it is now: of several changes of one agent the last tells all.
      const news = this.#newsOfOne(change, records.get(change.agentId), last.get(change.agentId) === i);
      // Only the last of a change names it: who got the others alone is told it again.
      return news.map((each, n) => (n === news.length - 1 ? { ...each, id: this.#id() } : each));
    });
  }

  /** A change that nobody can make sense of is passed over: it ends nobody's stream. */
  #newsOfOne({ agentId, claim }: Change, record: AgentRecord | undefined, isLast: boolean): News[] {
    const { told, home } = this.#wanted;
    if (!record || (home !== undefined && record.home !== home)) return [];
    const news: News[] = [];
    try {
      if (claim && told.has('claim')) news.push({ event: 'claim', data: this.#claim(agentId, record, claim) });
      if (isLast && told.has('agent'))
        news.push({ event: 'agent', data: buildAndRecordAgentAnswer(this.#region, agentId, record) });
    } catch (error) {
      this.#passOver(agentId, error);
    }
    return news;
  }

  /** StreamTopic once, however many listen. */
  #passOver(agentId: string, error: unknown): void {
    const { setAside } = this.#region;
    if (!setAside.isKnown(agentId, error)) setAside.tell(agentId, error, 'stream', 'what changed');
  }

  async #recordsOf(domain: string, changes: Change[]): Promise<Map<string, AgentRecord> | undefined> {
    const { agents, log } = this.#region;
    try {
      const agentIds = new Set(changes.map(({ agentId }) => agentId));
      return await agents.getAll(domain, [...agentIds], (agentId, error) => this.#passOver(agentId, error));
    } catch (error) {
      if (!(error instanceof ShardUnavailable)) throw error;
      log.debug('changed_agents_not_read', { err: error, domain });
      return undefined;
    }
  }

  #claim(agentId: string, record: AgentRecord, claim: Claim): ClaimChange {
    const now = claimOn(record.facets, claim.unit ?? VOICE);
    const isStill = now !== undefined && compareClaims(now, claim) === 0;
    const leftMs = isStill ? lockOf(record, claim.unit) - this.#region.store.nowMs() : 0;
    const { agent: _, ...moved } = buildClaimAnswer(
      this.#region.claimIds,
      claim,
      buildAgentAnswer(this.#region, agentId, record),
      leftMs,
    );
    return moved;
  }

  #regionsThatChanged(): Numbered[] {
    const { config, freshness, peers } = this.#region;
    if (!this.#wanted.told.has('region')) return [];
    return Object.keys(config.regions).flatMap((name): Numbered[] => {
      const { state, ageMs } = freshness.region(name);
      const reachable = name === config.region || peers.isReachable(name);
      const seen = `${state} ${reachable}`;
      if (this.#regions.get(name) === seen) return [];
      this.#regions.set(name, seen);
      const age_ms = Number.isFinite(ageMs) ? Math.round(ageMs) : null;
      return [{ event: 'region', data: { region: name, state, age_ms, reachable } }];
    });
  }

  #reset(): Numbered {
    return { event: 'reset', data: { why: 'gone' }, id: this.#id() };
  }

  #quiet(): Quiet {
    return { event: 'quiet', id: this.#id() };
  }

  #id(): string {
    return writeBookmark({ region: this.#region.config.region, positions: this.#positions });
  }
}
