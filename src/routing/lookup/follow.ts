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
export interface StreamFilter {
  topics: ReadonlySet<StreamTopic>;
  /** Only of agents of this home, and claims on them. */
  home?: string | undefined;
}

type StreamEvent =
  | { event: 'agent'; data: AgentAnswer }
  | { event: 'claim'; data: ClaimChange }
  | { event: 'region'; data: RegionChange }
  /** What followed the bookmark is not known any more: whoever follows must read everything anew. */
  | { event: 'reset'; data: { why: 'gone' } };

/** Some news; whoever has all up to one with an id goes on from that. */
export type ResumableEvent = StreamEvent & { id?: string };

/** Nothing but how far it is. */
export interface KeepAlive {
  event: 'keep-alive';
  id: string;
}

/** Changes read at once: their records are answered in one piece. */
const PAGE = 100;
const LOOK_EVERY_MS = 100;
/** Whoever hears nothing for longer than this has lost the connection, in ms. */
const KEEP_ALIVE_MS = 10_000;

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
  readonly #filter: StreamFilter;
  readonly #positions: Map<string, string>;
  readonly #regions = new Map<string, string>();
  #isLost: boolean;

  private constructor(region: Region, filter: StreamFilter, positions: Map<string, string>, isLost: boolean) {
    this.#region = region;
    this.#filter = filter;
    this.#positions = positions;
    this.#isLost = isLost;
  }

  /** @param from undefined: from now on. @throws ShardUnavailable */
  static async open(region: Region, filter: StreamFilter, from?: Bookmark): Promise<Follower> {
    const { config, changes } = region;
    const known = from?.region === config.region ? from.positions : undefined;
    const positions = await Promise.all(
      domainsOf(config).map(async (domain) => [domain, known?.get(domain) ?? (await changes.latest(domain))] as const),
    );
    const isLost = from !== undefined && positions.some(([domain]) => !known?.has(domain));
    return new Follower(region, filter, new Map(positions), isLost);
  }

  /** Until the signal is given. Never throws; while a shard is away its domains are silent. */
  async *events(signal: AbortSignal): AsyncGenerator<(ResumableEvent | KeepAlive)[]> {
    const { clock } = this.#region;
    yield [...(this.#isLost ? [this.#reset()] : []), ...this.#changedRegions(), this.#keepAlive()];
    let sentMs = clock.monotonicMs();
    while (!signal.aborted) {
      let isMore = false;
      for (const domain of this.#positions.keys()) {
        const changes = await this.#next(domain);
        const events = changes === 'gone' ? [this.#reset()] : await this.#eventsOf(domain, changes);
        isMore ||= events !== undefined && changes.length === PAGE;
        if (events && events.length > 0) {
          yield events;
          sentMs = clock.monotonicMs();
        }
      }
      const regions = this.#changedRegions();
      if (regions.length > 0 || clock.monotonicMs() - sentMs >= KEEP_ALIVE_MS) {
        yield [...regions, this.#keepAlive()];
        sentMs = clock.monotonicMs();
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
  async #eventsOf(domain: string, changes: Change[]): Promise<ResumableEvent[] | undefined> {
    const records = await this.#recordsOf(domain, changes);
    if (!records) return undefined;
    const last = new Map(changes.map(({ agentId }, i) => [agentId, i]));
    return changes.flatMap((change, i) => {
      this.#positions.set(domain, change.position);
      // The record is as it is now: of several changes of one agent the last tells all.
      const events = this.#eventsOfChange(change, records.get(change.agentId), last.get(change.agentId) === i);
      // Only the last of a change names it: who got the others alone is told it again.
      return events.map((each, n) => (n === events.length - 1 ? { ...each, id: this.#id() } : each));
    });
  }

  /** A change that nobody can make sense of is passed over: it ends nobody's stream. */
  #eventsOfChange({ agentId, claim }: Change, record: AgentRecord | undefined, isLast: boolean): StreamEvent[] {
    const { topics, home } = this.#filter;
    if (!record || (home !== undefined && record.home !== home)) return [];
    const events: StreamEvent[] = [];
    try {
      if (claim && topics.has('claim'))
        events.push({ event: 'claim', data: this.#claimChange(agentId, record, claim) });
      if (isLast && topics.has('agent'))
        events.push({ event: 'agent', data: buildAndRecordAgentAnswer(this.#region, agentId, record) });
    } catch (error) {
      this.#passOver(agentId, error);
    }
    return events;
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

  #claimChange(agentId: string, record: AgentRecord, claim: Claim): ClaimChange {
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

  #changedRegions(): ResumableEvent[] {
    const { config, freshness, peers } = this.#region;
    if (!this.#filter.topics.has('region')) return [];
    return Object.keys(config.regions).flatMap((name): ResumableEvent[] => {
      const { state, ageMs } = freshness.region(name);
      const reachable = name === config.region || peers.isReachable(name);
      const seen = `${state} ${reachable}`;
      if (this.#regions.get(name) === seen) return [];
      this.#regions.set(name, seen);
      const age_ms = Number.isFinite(ageMs) ? Math.round(ageMs) : null;
      return [{ event: 'region', data: { region: name, state, age_ms, reachable } }];
    });
  }

  #reset(): ResumableEvent {
    return { event: 'reset', data: { why: 'gone' }, id: this.#id() };
  }

  #keepAlive(): KeepAlive {
    return { event: 'keep-alive', id: this.#id() };
  }

  #id(): string {
    return writeBookmark({ region: this.#region.config.region, positions: this.#positions });
  }
}
