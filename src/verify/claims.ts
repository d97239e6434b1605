import type { ClaimGrantedLine, ConflictLine, EndedLine, KeptLine, SettleRefusedLine } from '../ops/history-line.ts';
import type { Line } from './read.ts';
import { isLive, Shelf, type Span } from './shelf.ts';

/** One claim, pieced together from all the lines that speak of it. Times are `t`, in ms. */
export interface Claim extends Span {
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

/**
 * Whether the two were granted by regions that could not ask each other: the risk that policy `verify` takes. Such claims
 * may overlap, and nothing orders them.
 */
export function mayMeet(one: Claim, other: Claim): boolean {
  return (one.verified || other.verified) && one.home !== other.home;
}

/** All claims that a history speaks of, as long as the shelf keeps them. */
export class Claims {
  readonly #shelf = new Shelf<Claim>();

  ofAgent(agent: string): readonly Claim[] {
    return this.#shelf.ofAgent(agent);
  }

  /** All claims on the same unit of the same agent, this one included: of those no two may hold at one moment. */
  rivals({ agent, unit }: Claim): readonly Claim[] {
    return this.ofAgent(agent).filter((other) => other.unit === unit);
  }

  ofCall(call: string): readonly Claim[] {
    return this.#shelf.ofCall(call);
  }

  see(line: Line): Touched | undefined {
    if (line.op === 'conflict') return this.#lose(line);
    if (line.phase === 'refused' && (line.op === 'release' || line.op === 'complete')) return this.#giveUp(line);
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
    return ends(claim, line.since, line.t) ?? { claim, step: 'repeated' };
  }

  /** Its holder gave it up, whatever became of that: a first try may have succeeded and the second been refused. */
  #giveUp({ agent, fence, since, t }: SettleRefusedLine): Touched | undefined {
    const claim = this.find({ agent, fence });
    return claim && since !== undefined ? ends(claim, since, t) : undefined;
  }

  #lose({ agent, lost, t }: ConflictLine): Touched | undefined {
    const claim = this.find({ agent, ...lost });
    if (!claim || claim.lost) return undefined;
    claim.lost = true;
    return ends(claim, t, t);
  }

  /** The claim that a line names. One that was made again for its holder does not know its call, and tells none. */
  find({ agent, fence, call }: { agent: string; fence: number; call?: string }): Claim | undefined {
    const isNamed = (claim: Claim) => claim.fence === fence && (!call || !claim.call || claim.call === call);
    return this.#shelf.ofAgent(agent).findLast(isNamed);
  }

  #add(line: (ClaimGrantedLine | KeptLine) & { place: string }, until: number): Claim {
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
    this.#shelf.add(claim, t);
    return claim;
  }
}

/** Undefined where it had ended before. */
function ends(claim: Claim, atMs: number, answeredMs: number): Touched | undefined {
  if (claim.endedAt !== undefined) return undefined;
  claim.endedAt = atMs;
  claim.endAnsweredAt = answeredMs;
  return { claim, step: 'ended' };
}

/** A claim, for people. */
export function named({ call, fence, home, replicated, verified }: Claim): string {
  const how = verified ? ", in its home's stead" : '';
  const caution = replicated ? '' : ', unreplicated';
  return `call ${call ?? '(not told)'} (fence ${fence}${home ? `, granted by ${home}${how}` : ''}${caution})`;
}
