import type { ClaimGrantedLine, ConflictLine, EndedLine, KeptLine, SettleRefusedLine } from '../ops/history-line.ts';
import type { Line } from './read.ts';
import { ClaimArchive, isLive, type Span } from './shelf.ts';

/** One claim, assembled from all lines about it. Times are `t`, in ms. */
export interface Claim extends Span {
  agent: string;
  /** The unit of capacity that it takes; undefined: the unit for voice. */
  unit: string | undefined;
  fence: number;
  call: string | undefined;
  /** The granting region; undefined if the claim is known only from settlements. */
  home: string | undefined;
  /** The first line that shows the claim. */
  place: string;
  /** The grant happened after `since` and before `grantedAt`. */
  since: number;
  grantedAt: number;
  /** When the request to give it up was answered. */
  endAnsweredAt: number;
  /** Whether a region other than the home returned it to a caller. */
  answered: boolean;
  /** False if no replica had acknowledged it. */
  replicated: boolean;
  /** A delegated grant: on the home's behalf, verified by the platform. */
  verified: boolean;
  /** It lost a claim conflict: its holder will be refused, whatever was promised. */
  lost: boolean;
}

/**
 * Effect of a line on the claim it names. `granted`: first seen, in a grant. `revived`: live again after it had lapsed or ended,
 * or first seen in a settlement. `repeated`: nothing but perhaps a later end. `ended`: given up, or lost in a conflict.
 */
export interface Touched {
  claim: Claim;
  step: 'granted' | 'revived' | 'repeated' | 'ended';
}

/**
 * Whether the two were granted by regions that could not reach each other, which `authority: verify` allows. Such claims may
 * overlap, and have no order.
 */
export function mayConflict(one: Claim, other: Claim): boolean {
  return (one.verified || other.verified) && one.home !== other.home;
}

/** All claims in a history, as long as the archive keeps them. */
export class Claims {
  readonly #archive = new ClaimArchive<Claim>();

  ofAgent(agent: string): readonly Claim[] {
    return this.#archive.ofAgent(agent);
  }

  /** All claims on the same unit of the same agent, including this one: no two may hold at the same time. */
  rivals({ agent, unit }: Claim): readonly Claim[] {
    return this.ofAgent(agent).filter((other) => other.unit === unit);
  }

  ofCall(call: string): readonly Claim[] {
    return this.#archive.ofCall(call);
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
    // Requested before the end was answered, so it may have been decided before the end.
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

  /** The holder gave it up, even if refused: a first attempt may have succeeded and its retry been refused. */
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

  /** The claim that a line names. A claim restored from its id has no call. */
  find({ agent, fence, call }: { agent: string; fence: number; call?: string }): Claim | undefined {
    const isNamed = (claim: Claim) => claim.fence === fence && (!call || !claim.call || claim.call === call);
    return this.#archive.ofAgent(agent).findLast(isNamed);
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
    this.#archive.add(claim, t);
    return claim;
  }
}

/** @returns undefined if it had ended before */
function ends(claim: Claim, atMs: number, answeredMs: number): Touched | undefined {
  if (claim.endedAt !== undefined) return undefined;
  claim.endedAt = atMs;
  claim.endAnsweredAt = answeredMs;
  return { claim, step: 'ended' };
}

/** A claim, for people. */
export function describeClaim({ call, fence, home, replicated, verified }: Claim): string {
  const how = verified ? ", on its home's behalf" : '';
  const caution = replicated ? '' : ', unreplicated';
  return `call ${call ?? '(unknown)'} (fence ${fence}${home ? `, granted by ${home}${how}` : ''}${caution})`;
}
