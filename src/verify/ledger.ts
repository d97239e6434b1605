import type { CallerAnsweredLine, CallerLine, CallerUnansweredLine, CallOverLine } from '../ops/caller-line.ts';
import type { CallConflictLine } from '../ops/history-line.ts';
import type { Line } from './read.ts';
import { isLive, Shelf, type Span } from './shelf.ts';

/**
 * A claim as its caller was told of it. It holds its agent from an answer that says so until the caller begins to give
 * it up, the call is over, or the promised time has passed. That time counts from before the request was sent: what an
 * answer promises it promises from when it was given, and its caller cannot know when that was. Times are `t`, in ms.
 */
export interface ToldClaim extends Span {
  agent: string;
  /** The unit of the agent's capacity; undefined: the one for voice. */
  unit: string | undefined;
  fence: number;
  /** Undefined where whoever was told of the claim did not say for which call. */
  call: string | undefined;
  /** The region that granted, as far as the answers say. */
  home: string | undefined;
  /** Some answer was given in the home's stead, on the platform's word. */
  verified: boolean;
  confirmed: boolean;
  /** What the last answer said of replicas; undefined: nothing. */
  replicated: boolean | undefined;
  /** When its caller was first told of it, and by which line. */
  grantedAt: number;
  place: string;
  /** When the last attempt to give it up was answered or given up. */
  endAnsweredAt: number;
  /**
   * It may end at any time yet, by its caller's own doing: a request to give it up had no answer, or one that says
   * neither yes nor no. Whatever is answered afterwards, nobody can rely on it.
   */
  isUncertain: boolean;
  /** The call is over for this agent: nothing can make the claim hold again. */
  isOver: boolean;
  /**
   * Its call has another agent, and a region reported that this claim, which was not confirmed, was ended for it. Its
   * caller asked twice, and holds the other.
   */
  isSuperseded: boolean;
}

/**
 * What a line did to the claim it names. `held`: from now on it holds its agent, and did not before. `kept`: it goes on.
 * `repeated`: nothing is known that was not known before. `given_up`: by its caller, whatever came of it. `over`: the
 * call. `refused`: its caller was told that it is no more; `held` says whether it should have been.
 */
export interface Heard {
  claim: ToldClaim;
  step: 'held' | 'kept' | 'repeated' | 'given_up' | 'over' | 'refused';
  /** Whether it had held its agent until then. */
  wasHeld: boolean;
  /** It has just become a confirmed one. */
  isNowConfirmed?: boolean;
}

/** Why a claim is no more, and asking again changes nothing. */
const OVER_CODES: ReadonlySet<string> = new Set(['claim_ended', 'fence_superseded', 'unknown_claim']);

/** The statuses that say yes are below this; flat answers say no there, too, with a reason. */
const REDIRECTS = 300;
const SERVER_ERRORS = 500;

/** Whether what was asked was done, as far as its caller was told. */
export function isDone(line: Pick<CallerAnsweredLine, 'status' | 'code'>): boolean {
  return line.status >= 200 && line.status < REDIRECTS && line.code === undefined;
}

/** Whether what was asked may have been done, or be done yet, for all that its caller knows. */
function isUnknown(line: CallerAnsweredLine | CallerUnansweredLine): boolean {
  if (line.phase === 'unanswered' || line.status >= SERVER_ERRORS) return true;
  return line.status < REDIRECTS && line.code !== undefined && !OVER_CODES.has(line.code);
}

/** Whether a line of the ledger tells its caller that a claim holds its agent. A copy's word promises nothing. */
export function promises<Of extends CallerLine>(
  line: Of,
): line is Of & CallerAnsweredLine & { agent: string; fence: number } {
  if (line.phase !== 'answered' || !isDone(line) || line.mode === 'copy') return false;
  const gives = line.asked === 'claim' || line.asked === 'confirm' || line.asked === 'renew';
  const isAlive = line.state !== 'ENDED' && line.state !== 'WRAP_UP';
  return gives && isAlive && line.agent !== undefined && line.fence !== undefined && line.held_ms !== undefined;
}

/** Whether one of the two was granted where the home could not be asked: the risk that policy `verify` takes. */
export function mayMeetAsTold(one: ToldClaim, other: ToldClaim): boolean {
  return (one.verified || other.verified) && (one.home === undefined || one.home !== other.home);
}

/** All claims that callers were told of, as their own lines tell; no instance's line changes anything here. */
export class Ledger {
  readonly #shelf = new Shelf<ToldClaim>();

  /** All claims on the same unit of the same agent, this one included. */
  rivals({ agent, unit }: ToldClaim): readonly ToldClaim[] {
    return this.#shelf.ofAgent(agent).filter((other) => other.unit === unit);
  }

  ofCall(call: string): readonly ToldClaim[] {
    return this.#shelf.ofCall(call);
  }

  /** The claim that a line names, a caller's or an instance's. */
  find({ agent, fence, unit, call }: Pick<ToldClaim, 'agent' | 'fence'> & { unit?: string; call?: string }) {
    const isNamed = (claim: ToldClaim) =>
      claim.fence === fence && claim.unit === unit && (!call || !claim.call || claim.call === call);
    return this.#shelf.ofAgent(agent).findLast(isNamed);
  }

  see(line: Line): Heard | undefined {
    if (line.op === 'call_conflict') this.#supersede(line);
    if (line.op !== 'caller') return undefined;
    if (line.phase === 'over') return this.#over(line);
    if (promises(line)) return this.#promise(line);
    const { agent, fence } = line;
    const claim = agent === undefined || fence === undefined ? undefined : this.find({ ...line, agent, fence });
    if (!claim || line.asked === 'claim') return undefined;
    const wasHeld = isLive(claim, line.t);
    if (line.asked === 'release' || line.asked === 'complete' || line.asked === 'refused') {
      this.#giveUp(claim, line);
      return { claim, step: 'given_up', wasHeld };
    }
    if (line.phase !== 'answered') return undefined;
    const isNoMore = OVER_CODES.has(line.code ?? '') || line.state === 'ENDED' || line.state === 'WRAP_UP';
    if (!isNoMore || claim.endedAt !== undefined) return undefined;
    claim.endedAt = claim.endAnsweredAt = line.t;
    return { claim, step: 'refused', wasHeld };
  }

  #promise(line: CallerAnsweredLine & { agent: string; fence: number; place: string }): Heard {
    const until = line.since + (line.held_ms ?? 0);
    const known = this.find(line);
    const claim = known ?? this.#add(line);
    const wasHeld = known !== undefined && isLive(claim, line.t);
    claim.replicated = line.replicated;
    // Asked for before the end was answered, so it may have been decided before the end as well.
    const isLate = claim.endedAt !== undefined && line.since <= claim.endAnsweredAt;
    if (claim.isOver || claim.isUncertain || isLate) return { claim, step: 'repeated', wasHeld };
    claim.endedAt = undefined;
    claim.until = Math.max(claim.until, until);
    claim.home = line.home ?? claim.home;
    if (line.mode === 'verified') claim.verified = true;
    const wasConfirmed = claim.confirmed && wasHeld;
    claim.confirmed = wasConfirmed || line.asked === 'confirm' || line.state === 'CONFIRMED';
    const isHeld = isLive(claim, line.t);
    const isNowConfirmed = isHeld && claim.confirmed && !wasConfirmed;
    return { claim, step: wasHeld ? 'kept' : isHeld ? 'held' : 'repeated', wasHeld, isNowConfirmed };
  }

  #giveUp(claim: ToldClaim, line: CallerAnsweredLine | CallerUnansweredLine): void {
    claim.endedAt = Math.min(claim.endedAt ?? line.since, line.since);
    claim.endAnsweredAt = Math.max(claim.endAnsweredAt, line.t);
    if (isUnknown(line)) claim.isUncertain = true;
  }

  #over({ call, agent, t }: CallOverLine): Heard | undefined {
    const claims = this.ofCall(call).filter((claim) => claim.agent === agent);
    const claim = claims.findLast(({ isOver }) => !isOver);
    if (!claim) return undefined;
    const wasHeld = isLive(claim, t);
    for (const each of claims) {
      each.isOver = true;
      each.endedAt ??= t;
    }
    return { claim, step: 'over', wasHeld };
  }

  #supersede({ call, lost, outcome, t }: CallConflictLine): void {
    const claim = this.find({ call, ...lost });
    if (outcome !== 'ended' || !claim || claim.confirmed) return;
    claim.isSuperseded = true;
    claim.endedAt ??= t;
  }

  #add(line: CallerAnsweredLine & { agent: string; fence: number; place: string }): ToldClaim {
    const { agent, unit, fence, call, home, replicated, place, t } = line;
    const claim: ToldClaim = {
      agent,
      unit,
      fence,
      call: call || undefined,
      home,
      verified: false,
      confirmed: false,
      replicated,
      grantedAt: t,
      place,
      until: Number.NEGATIVE_INFINITY,
      endedAt: undefined,
      endAnsweredAt: 0,
      isUncertain: false,
      isOver: false,
      isSuperseded: false,
    };
    this.#shelf.add(claim, t);
    return claim;
  }
}

/** A claim, for people. */
export function told({ call, fence, home, confirmed, replicated, verified }: ToldClaim): string {
  const by = home ? `, granted by ${home}` : '';
  const how = verified ? ", in its home's stead" : '';
  const caution = replicated === false ? ', unreplicated' : '';
  return `call ${call ?? '(not told)'} (fence ${fence}${confirmed ? ', confirmed' : ''}${by}${how}${caution})`;
}
