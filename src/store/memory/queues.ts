import type { Claim, Media } from '../../agent/facets.ts';
import type { Config } from '../../config/schema.ts';
import type { AgentRecord, RecentRecords } from '../agent-record.ts';
import type { ClaimReply, ClaimRequest, Considered, FindRequest, Found, Obstacle, Queues, Tally } from '../queues.ts';
import type { Outbox } from '../store.ts';
import { signalRelay, type Written } from '../written.ts';
import type { CallState } from './call-register.ts';
import { claimOrNone, highestFence, lineOf, type MemoryDomain, withClaim } from './domain.ts';
import type { MemoryRegion } from './memory-region.ts';
import { takingOf } from './taking.ts';

/** An agent who could be claimed. */
interface Candidate {
  agentId: string;
  record: AgentRecord;
  unit: string;
  inHand: number;
  /** Queue position minus the bonus for skill surplus, in ms. */
  placeMs: number;
}

/** The result of a scan. */
interface Scanned {
  candidates: Candidate[];
  considered: Considered[];
  tally: Tally;
}

type Wanted = Pick<FindRequest, 'domain' | 'queue' | 'media' | 'skills' | 'passOver' | 'vouched' | 'explain'>;
/** The pass-over reason of a request for an agent who could be claimed, if any. */
type Unwanted = (agentId: string) => Obstacle | undefined;

/** Queues in memory. A scan goes through the whole queue, by the rules of `src/agent`. */
export class MemoryQueues implements Queues {
  readonly #region: MemoryRegion;
  readonly #config: Config;
  readonly #outbox: Outbox;
  readonly #recent: RecentRecords;

  /**
   * @param outbox told of what is to be published
   * @param recent cache of the records that this instance saw last, shared with `MemoryAgents`
   */
  constructor(region: MemoryRegion, config: Config, outbox: Outbox, recent: RecentRecords) {
    this.#region = region;
    this.#config = config;
    this.#outbox = outbox;
    this.#recent = recent;
  }

  async find(request: FindRequest): Promise<Found> {
    const found = await this.#region.run(request.domain, 'find', () => {
      const { candidates, considered, tally } = this.#scan(request);
      const agents = candidates.slice(0, request.limit).map(({ agentId, record }) => ({ agentId, record }));
      return structuredClone({ agents, clockMs: this.#region.nowMs(), tally, considered });
    });
    for (const { agentId, record } of found.agents) this.#recent.set(agentId, record);
    return found;
  }

  async claim(request: ClaimRequest): Promise<Written<ClaimReply>> {
    const { redis } = this.#config;
    const step = () => structuredClone(this.#claim(request));
    const written = await this.#region.write(request.domain, 'claim', redis.replicas, step, request.deadlineMs);
    // The cache may hold records that no replica has acknowledged.
    const { agentId, record, verdict } = written.evenIfLost();
    if (record) this.#recent.set(agentId, record);
    if (verdict === 'granted') signalRelay(this.#outbox, request.domain);
    return written;
  }

  size(domain: string, queue: string, media: Media): Promise<{ inLine: number; taken: number }> {
    return this.#region.run(domain, 'size', () => {
      const members = this.#members(domain, queue, media);
      const nowMs = this.#region.nowMs();
      const inLine = members.filter(([, record]) => typeof takingOf(record, media, nowMs) === 'object').length;
      return { inLine, taken: members.length - inLine };
    });
  }

  #members(domain: string, queue: string, media: Media): [string, AgentRecord][] {
    const { lines, records } = this.#region.domain(domain);
    return [...(lines.get(lineOf(queue, media)) ?? [])].flatMap((agentId): [string, AgentRecord][] => {
      const record = records.get(agentId);
      return record ? [[agentId, record]] : [];
    });
  }

  /** Scans a queue. @param only the one agent to consider; undefined: all */
  #scan(wanted: Wanted, unwanted: Unwanted = () => undefined, only?: string): Scanned {
    const { domain, queue, media, explain } = wanted;
    const members = this.#members(domain, queue, media).filter(([agentId]) => only === undefined || agentId === only);
    const scanned: Scanned = { candidates: [], considered: [], tally: { seen: members.length } };
    const look = (agentId: string, record: AgentRecord | undefined): void => {
      const found = record ? this.#candidate(agentId, record, wanted) : 'busy';
      const obstacle = typeof found === 'string' ? found : unwanted(agentId);
      if (explain) scanned.considered.push({ agentId, ...(obstacle && { obstacle }), ...(record && { record }) });
      if (obstacle) scanned.tally[obstacle] = (scanned.tally[obstacle] ?? 0) + 1;
      else if (typeof found !== 'string') scanned.candidates.push(found);
    };
    for (const [agentId, record] of members.sort(byArrival)) look(agentId, record);
    if (only !== undefined && members.length === 0) {
      scanned.tally.seen = 1;
      look(only, undefined);
    }
    scanned.candidates.sort((one, other) => one.inHand - other.inHand || one.placeMs - other.placeMs);
    return scanned;
  }

  #candidate(agentId: string, record: AgentRecord, { media, skills, passOver, vouched }: Wanted): Candidate | Obstacle {
    const taking = takingOf(record, media, this.#region.nowMs());
    if (typeof taking === 'string') return taking;
    const passed = passOver.get(record.home);
    if (passed !== undefined && !vouched.includes(agentId)) return passed;
    const levels = record.facets.profile?.skills ?? {};
    let surplus = 0;
    for (const [name, least] of Object.entries(skills)) {
      const level = Object.hasOwn(levels, name) ? Math.round(levels[name] ?? 0) : -1;
      if (level < Math.round(least)) return 'skill';
      surplus += level - Math.round(least);
    }
    const bonusMs = (surplus / 100) * this.#config.ranking.surplusSeconds * 1000;
    return { agentId, record, ...taking, placeMs: record.arrivalMs - bonusMs };
  }

  #claim(request: ClaimRequest): ClaimReply {
    const domain = this.#region.domain(request.domain);
    const nowMs = this.#region.nowMs();
    const entry = domain.calls.recall(request.callId, nowMs);
    const known = entry && this.#knownClaim(request, domain, entry, nowMs);
    if (known) return known;
    const unwanted = (agentId: string) => (request.excluded.includes(agentId) ? ('held' as const) : undefined);
    const { candidates, considered, tally } = this.#scan(request, unwanted, request.agentId || undefined);
    const declined = entry?.declined ?? [];
    // An agent who has refused this call gets it again only if there is no other.
    const best = candidates.find(({ agentId }) => !declined.includes(agentId)) ?? candidates[0];
    if (!best) return { ...NOBODY, clockMs: nowMs, tally, considered };
    const reply = { clockMs: nowMs, tally, considered, agentId: best.agentId, versionBefore: best.record.version };
    const wish = { agentId: best.agentId, wish: request.wish, declined };
    const isInstead = best.record.home !== request.region && request.instead.includes(best.agentId);
    if (best.record.home !== request.region && !isInstead) {
      const held = { ...best.record, holdMs: nowMs + request.holdMs };
      const record = domain.write(this.#config, best.agentId, held, nowMs);
      domain.calls.remember(request.callId, { ...wish, fence: 0 }, nowMs);
      return { ...reply, verdict: 'ask', fence: 0, record };
    }
    const { record, claim, lapsed } = this.#grant(request, domain, best, nowMs);
    domain.calls.remember(request.callId, { ...wish, fence: claim.fence }, nowMs);
    return { ...reply, verdict: 'granted', fence: claim.fence, record, ...(lapsed && { lapsed }) };
  }

  #grant({ region, callId, queue, heldMs }: ClaimRequest, domain: MemoryDomain, best: Candidate, nowMs: number) {
    const { agentId, record: before, unit } = best;
    const isInstead = before.home !== region;
    const next = highestFence(before) + 1;
    const fence = isInstead ? next : Math.max(next, nowMs);
    const had = claimOrNone(before.facets, unit);
    const untilMs = nowMs + heldMs;
    const { completedAtMs } = had;
    const by = isInstead && { by: region };
    const claim: Claim = { fence, state: 'HELD', untilMs, ...by, callId, queue, completedAtMs };
    const lapsed = lapseOf(region, before, had);
    const locksMs = { ...before.locksMs, [unit]: untilMs };
    const facets = withClaim(before.facets, unit, claim);
    const record = domain.write(this.#config, agentId, { ...before, facets, locksMs, holdMs: 0 }, nowMs);
    if (lapsed) domain.note(agentId, { claim: lapsed, isOurs: true, writtenMs: nowMs }, this.#outbox.limit);
    domain.note(
      agentId,
      { claim: unit === 'voice' ? claim : { ...claim, unit }, isOurs: true, writtenMs: nowMs },
      this.#outbox.limit,
    );
    return { record, claim, lapsed };
  }

  /** The answer for a call that already has a claim; undefined if a new one may be granted. */
  #knownClaim(request: ClaimRequest, domain: MemoryDomain, entry: CallState, nowMs: number): ClaimReply | undefined {
    const { region, callId, excluded } = request;
    const { agentId, fence, declined } = entry;
    const { live, running, record } = domain.calls.standing(callId, entry, nowMs);
    if (!record) return undefined;
    const isExcluded = excluded.includes(agentId);
    const isElsewhere = record.home !== region;
    const found = { clockMs: nowMs, tally: NONE_SEEN, considered: [], agentId, record, fence, versionBefore: '0' };
    if (live && live.by !== region && isElsewhere) {
      if (isExcluded) return undefined;
      return { ...found, verdict: isOther(request, entry, live) ? 'copy_other' : 'copy' };
    }
    if (live && isOther(request, entry, live)) return { ...found, verdict: 'other' };
    if (live) {
      domain.calls.remember(callId, { agentId, fence, wish: request.wish, declined }, nowMs);
      const now = domain.write(this.#config, agentId, record, nowMs);
      return { ...found, verdict: 'again', record: now, versionBefore: record.version };
    }
    // The home may have granted this claim, or renewed one that has lapsed here.
    const mayLive = fence === 0 || (running !== undefined && running.by !== region);
    return mayLive && isElsewhere && !isExcluded ? { ...found, verdict: 'ask', fence: 0 } : undefined;
  }
}

const NONE_SEEN: Tally = { seen: 0 };
const NOBODY = { verdict: 'none', agentId: '', fence: 0, versionBefore: '0' } as const;

/** Whether this is another claim request of the call. If only another region knows the first one, queue and media type are compared. */
function isOther({ wish, queue, media }: ClaimRequest, entry: CallState, claim: Claim): boolean {
  if (entry.wish !== undefined) return entry.wish !== wish;
  return (claim.unit?.replace(/-\d+$/, '') ?? 'voice') !== media || (claim.queue !== '' && claim.queue !== queue);
}

/** The lapsed claim on the unit, now ended; undefined if another region granted it, or it was ended before. */
function lapseOf(region: string, { home }: AgentRecord, had: Claim): Claim | undefined {
  const isOurs = (had.by ?? home) === region;
  const isOpen = had.state === 'HELD' || had.state === 'CONFIRMED';
  return isOurs && isOpen ? { ...had, state: 'ENDED', untilMs: 0, endReason: 'lapsed' } : undefined;
}

function byArrival([id, one]: [string, AgentRecord], [otherId, other]: [string, AgentRecord]): number {
  return one.arrivalMs - other.arrivalMs || (id < otherId ? -1 : 1);
}
