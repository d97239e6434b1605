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

/** The events that a client wants. */
export interface StreamFilter {
  topics: ReadonlySet<StreamTopic>;
  /** Only agents of this home, and claims on them; undefined: all. */
  home?: string | undefined;
}

type StreamEvent =
  | { event: 'agent'; data: AgentAnswer }
  | { event: 'claim'; data: ClaimChange }
  | { event: 'region'; data: RegionChange }
  /** The changes after the stream position are no longer stored. The client must read everything again. */
  | { event: 'reset'; data: { why: 'gone' } };

/** An event of the stream. A client resumes after the last event that has an id. */
export type ResumableEvent = StreamEvent & { id?: string };

/** No change, but the current stream position. */
export interface KeepAlive {
  event: 'keep-alive';
  id: string;
}

/** Changes that are read together, with the records of their agents. */
const PAGE = 100;
const LOOK_EVERY_MS = 100;
/** Resets of a domain are this far apart, in ms. */
const RESET_EVERY_MS = 5000;
/** Longest time without an event, in ms. A client that gets nothing for longer has lost the connection. */
const KEEP_ALIVE_MS = 10_000;

/**
 * Follows the changes of a region from a stream position, whichever instance makes them:
 *
 *   reading ──changes──► sending ──taken──► reading
 *      │ none            if the position is no longer stored: `reset`, then the changes from now on
 *      └──► waiting 100 ms; after 10 s without events a keep-alive with the stream position
 *
 * It reads the next page when the client has taken the last one, so a slow client costs one page of memory. States that end by
 * time alone, e.g. wrap-up, cause no event when they end; the event before says when they will.
 */
export class Follower {
  readonly #region: Region;
  readonly #filter: StreamFilter;
  readonly #positions: Map<string, string>;
  /** By domain: monotonic ms of the last reset. */
  readonly #resetMs = new Map<string, number>();
  readonly #regions = new Map<string, string>();
  #isLost: boolean;

  private constructor(region: Region, filter: StreamFilter, positions: Map<string, string>, isLost: boolean) {
    this.#region = region;
    this.#filter = filter;
    this.#positions = positions;
    this.#isLost = isLost;
  }

  /** @param from the stream position to continue after; undefined: from now on. @throws ShardUnavailable */
  static async open(region: Region, filter: StreamFilter, from?: Bookmark): Promise<Follower> {
    const { config, changes } = region;
    const known = from?.region === config.region ? from.positions : undefined;
    const positions = await Promise.all(
      domainsOf(config).map(async (domain) => [domain, known?.get(domain) ?? (await changes.latest(domain))] as const),
    );
    const isLost = from !== undefined && positions.some(([domain]) => !known?.has(domain));
    return new Follower(region, filter, new Map(positions), isLost);
  }

  /** Yields events until the signal is aborted. Never throws; while a shard is unavailable, its domains have no events. */
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
      if (!isMore) await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined); // The signal was aborted.
    }
  }

  /**
   * Reads the next changes. `gone`: they are no longer stored, and the position is set to the latest one. While too much waits for the
   * bus, each change is gone at once, and a reset makes a client read everything: the next one follows later.
   */
  async #next(domain: string): Promise<Change[] | 'gone'> {
    const { changes, clock, log } = this.#region;
    try {
      const next = await changes.after(domain, this.#positions.get(domain) ?? '', PAGE);
      if (next !== 'gone') return next;
      const resetMs = this.#resetMs.get(domain) ?? Number.NEGATIVE_INFINITY;
      if (clock.monotonicMs() - resetMs < RESET_EVERY_MS) return [];
      this.#positions.set(domain, await changes.latest(domain));
      this.#resetMs.set(domain, clock.monotonicMs());
      return next;
    } catch (error) {
      if (!(error instanceof ShardUnavailable)) throw error;
      log.debug('changes_not_read', { err: error, domain });
      return [];
    }
  }

  /** Undefined while the shard is unavailable: the same changes are read again. */
  async #eventsOf(domain: string, changes: Change[]): Promise<ResumableEvent[] | undefined> {
    const records = await this.#recordsOf(domain, changes);
    if (!records) return undefined;
    const last = new Map(changes.map(({ agentId }, i) => [agentId, i]));
    return changes.flatMap((change, i) => {
      this.#positions.set(domain, change.position);
      // Records are current, so the last change of an agent suffices for its `agent` event.
      const events = this.#eventsOfChange(change, records.get(change.agentId), last.get(change.agentId) === i);
      // Only the last event of a change has its id: a client that missed it gets all events of the change again.
      return events.map((each, n) => (n === events.length - 1 ? { ...each, id: this.#id() } : each));
    });
  }

  /** A change whose events cannot be built is set aside and skipped, so that it does not end the stream. */
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
      this.#setAside(agentId, error);
    }
    return events;
  }

  /** Sets a change aside; counted once, however many streams find it. */
  #setAside(agentId: string, error: unknown): void {
    const { setAside } = this.#region;
    if (!setAside.isKnown(agentId, error)) setAside.tell(agentId, error, 'stream', 'what changed');
  }

  async #recordsOf(domain: string, changes: Change[]): Promise<Map<string, AgentRecord> | undefined> {
    const { agents, log } = this.#region;
    try {
      const agentIds = new Set(changes.map(({ agentId }) => agentId));
      return await agents.getAll(domain, [...agentIds], (agentId, error) => this.#setAside(agentId, error));
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
