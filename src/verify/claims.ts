import type { ClaimGrantedLine, ConflictLine, EndedLine, KeptLine } from '../ops/history-line.ts';
import type { Line } from './read.ts';

/** One claim, pieced together from all the lines that speak of it. Times are `t`, in ms. */
export interface Claim {
  agent: string;
  /** The unit of the agent's capacity that it takes; undefined: the one for voice. */
  unit: string | undefined;
  fence: number;
  call: string | undefined;
  /** The region that granted; undefined where only the holder told of the claim. */
  home: string | undefined;
  /** The first line that shows the claim. */
  place: string;
  /** The grant happened after `since` and before `grantedAt`. */
  since: number;
  grantedAt: number;
  /** As far as its holder was ever promised the agent. */
  until: number;
  /** When its holder began to give it up; undefined while nobody did. */
  endedAt: number | undefined;
  /** When the holder's giving up was answered. */
  endAnsweredAt: number;
  /** Whether a region other than the home answered a caller with it. */
  answered: boolean;
  /** False if the home said that no replica had acknowledged it. */
  replicated: boolean;
  /** Granted in the home's stead, on the platform's word. */
  verified: boolean;
  /** It met another claim, which stands in its place: its holder will be refused, whatever they were promised. */
  lost: boolean;
}

/**
 * What a line did to the claim it names. `granted`: first heard of, from a grant. `revived`: live again after it had
 * lapsed or ended, or first heard of from its holder. `repeated`: nothing but perhaps a later end. `ended`: given up,
 * or lost to another claim.
 */
export interface Touched {
  claim: Claim;
  step: 'granted' | 'revived' | 'repeated' | 'ended';
}

/** How long after its end a claim may still be spoken of by an answer that was under way, in ms. */
const REMEMBERED_MS = 10 * 60_000;
const SWEEP_AT_LEAST = 10_000;

/** Whether the claim held its agent at `t`, as far as the lines so far tell. */
export function isLive(claim: Claim, t: number): boolean {
  return claim.endedAt === undefined && claim.until > t;
}

/**
 * Whether the two were granted by regions that could not ask each other: the risk that policy `verify` takes. Such claims
 * may overlap, and nothing orders them.
 */
export function mayMeet(one: Claim, other: Claim): boolean {
  return (one.verified || other.verified) && one.home !== other.home;
}

/**
 * All claims that a history speaks of. Remembers those that are live, those of the last ten minutes and the highest
 * fence of each agent; older ones are forgotten.
 */
export class Claims {
  readonly #byAgent = new Map<string, Claim[]>();
  readonly #byCall = new Map<string, Claim[]>();
  #size = 0;
  #sweepAt = SWEEP_AT_LEAST;

  ofAgent(agent: string): readonly Claim[] {
    return this.#byAgent.get(agent) ?? [];
  }

  /** All claims on the same unit of the same agent, this one included: of those no two may hold at one moment. */
  rivals({ agent, unit }: Claim): readonly Claim[] {
    return this.ofAgent(agent).filter((other) => other.unit === unit);
  }

  ofCall(call: string): readonly Claim[] {
    return this.#byCall.get(call) ?? [];
  }

  see(line: Line): Touched | undefined {
    if (line.op === 'conflict') return this.#lose(line);
    if (line.phase !== 'ok') return undefined;
    return 'held_ms' in line ? this.#keep(line) : this.#end(line);
  }

  #keep(line: (ClaimGrantedLine | KeptLine) & { place: string }): Touched {
    const until = line.t + line.held_ms;
    const known = this.find(line);
    const claim = known ?? this.#add(line, until);
    if (line.op === 'claim' && line.region !== line.home) claim.answered = true;
    if (!known) return { claim, step: line.op === 'claim' ? 'granted' : 'revived' };
    // Asked for before the end was answered, so it may have been decided before the end as well.
    if (claim.lost || (claim.endedAt !== undefined && line.since <= claim.endAnsweredAt))
      return { claim, step: 'repeated' };
    const wasLive = isLive(claim, line.t);
    claim.endedAt = undefined;
    claim.until = Math.max(claim.until, until);
    return { claim, step: wasLive || !isLive(claim, line.t) ? 'repeated' : 'revived' };
  }

  #end(line: EndedLine): Touched | undefined {
    const claim = this.find(line);
    if (!claim) return undefined;
    if (claim.endedAt !== undefined) return { claim, step: 'repeated' };
    claim.endedAt = line.since;
    claim.endAnsweredAt = line.t;
    return { claim, step: 'ended' };
  }

  #lose({ agent, lost, t }: ConflictLine): Touched | undefined {
    const claim = this.find({ agent, ...lost });
    if (!claim || claim.lost) return undefined;
    claim.lost = true;
    if (claim.endedAt !== undefined) return undefined;
    claim.endedAt = claim.endAnsweredAt = t;
    return { claim, step: 'ended' };
  }

  /** The claim that a line names. */
  find({ agent, fence, call }: { agent: string; fence: number; call?: string }): Claim | undefined {
    const isNamed = (claim: Claim) =>
      claim.fence === fence && (call === undefined || claim.call === undefined || claim.call === call);
    return this.#byAgent.get(agent)?.findLast(isNamed);
  }

  #add(line: (ClaimGrantedLine | KeptLine) & { place: string }, until: number): Claim {
    if (this.#size >= this.#sweepAt) this.#sweep(line.t - REMEMBERED_MS);
    const { agent, unit, fence, call, place, since, t } = line;
    const claim: Claim = {
      agent,
      unit,
      fence,
      call,
      home: line.op === 'claim' ? line.home : undefined,
      place,
      since,
      grantedAt: t,
      until,
      endedAt: undefined,
      endAnsweredAt: 0,
      answered: false,
      replicated: line.op !== 'claim' || line.replicated !== false,
      verified: line.op === 'claim' && line.mode === 'verified',
      lost: false,
    };
    push(this.#byAgent, agent, claim);
    if (call !== undefined) push(this.#byCall, call, claim);
    this.#size++;
    return claim;
  }

  #sweep(before: number): void {
    const isGone = (claim: Claim) => Math.max(claim.endedAt ?? claim.until, claim.grantedAt) < before;
    for (const [call, claims] of this.#byCall) keepOnly(this.#byCall, call, claims, (claim) => !isGone(claim));
    this.#size = 0;
    for (const [agent, claims] of this.#byAgent) {
      const highest = claims.reduce((max, { fence }) => Math.max(max, fence), 0);
      const kept = keepOnly(this.#byAgent, agent, claims, (claim) => claim.fence === highest || !isGone(claim));
      this.#size += kept;
    }
    this.#sweepAt = Math.max(SWEEP_AT_LEAST, 2 * this.#size);
  }
}

function push(map: Map<string, Claim[]>, key: string, claim: Claim): void {
  const claims = map.get(key);
  if (claims) claims.push(claim);
  else map.set(key, [claim]);
}

function keepOnly(map: Map<string, Claim[]>, key: string, claims: Claim[], keep: (claim: Claim) => boolean): number {
  const kept = claims.filter(keep);
  if (kept.length === 0) map.delete(key);
  else if (kept.length < claims.length) map.set(key, kept);
  return kept.length;
}

/** A claim, for people. */
export function named({ call, fence, home, replicated, verified }: Claim): string {
  const how = verified ? ", in its home's stead" : '';
  const caution = replicated ? '' : ', unreplicated';
  return `call ${call ?? '(not told)'} (fence ${fence}${home ? `, granted by ${home}${how}` : ''}${caution})`;
}
