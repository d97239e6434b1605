import type { CallerAnsweredLine, CallerLine, CallerUnansweredLine, CallOverLine } from '../ops/caller-line.ts';
import type { CallConflictLine } from '../ops/history-line.ts';
import type { Line } from './read.ts';
import { ClaimArchive, isLive, type Span } from './shelf.ts';

/**
 * A claim according to the answers of its caller. It holds its agent from the answer until the caller begins to give it up, the
 * call is over, or the promised time has passed. That time counts from when the request was sent, because the caller cannot know
 * when the answer was given. Times are `t`, in ms.
 */
export interface LedgerClaim extends Span {
  agent: string;
  /** The unit of capacity; undefined: the unit for voice. */
  unit: string | undefined;
  fence: number;
  /** Undefined if the caller's lines do not name the call. */
  call: string | undefined;
  /** The granting region, if an answer names it. */
  home: string | undefined;
  /** Some answer was a delegated grant. */
  verified: boolean;
  confirmed: boolean;
  /** `replicated` of the last answer. */
  replicated: boolean | undefined;
  /** Time and line of the first answer with it. */
  grantedAt: number;
  place: string;
  /** When the last attempt to give it up was answered or given up. */
  endAnsweredAt: number;
  /**
   * A request to give it up had no answer, or an ambiguous one, so it may end at any time. Later answers do not make it reliable
   * again.
   */
  isUncertain: boolean;
  /** The call is over for this agent, so the claim cannot hold again. */
  isOver: boolean;
  /**
   * Its call has another agent, and a region reported that it ended this unconfirmed claim for that. The caller asked twice and
   * holds the other claim.
   */
  isSuperseded: boolean;
}

/**
 * Effect of a line on the claim it names. `held`: it begins to hold its agent. `kept`: it goes on. `repeated`: nothing new.
 * `given_up`: by its caller, with any result. `over`: the call is over. `refused`: the caller learned that it has ended;
 * `wasHeld` says whether it should still have held.
 */
export interface Heard {
  claim: LedgerClaim;
  step: 'held' | 'kept' | 'repeated' | 'given_up' | 'over' | 'refused';
  /** Whether it had held its agent until then. */
  wasHeld: boolean;
  /** It has just been confirmed. */
  isNowConfirmed?: boolean;
}

/** Codes for a claim that has ended for good. */
const OVER_CODES: ReadonlySet<string> = new Set(['claim_ended', 'fence_superseded', 'unknown_claim']);

/** Successful statuses are below this. Flat answers can be refusals there, with a code. */
const REDIRECTS = 300;
const SERVER_ERRORS = 500;

/** Whether the request succeeded, according to the answer. */
export function isDone(line: Pick<CallerAnsweredLine, 'status' | 'code'>): boolean {
  return line.status >= 200 && line.status < REDIRECTS && line.code === undefined;
}

/** Whether the caller cannot know if the request was or will be executed. */
function isUnknown(line: CallerAnsweredLine | CallerUnansweredLine): boolean {
  if (line.phase === 'unanswered' || line.status >= SERVER_ERRORS) return true;
  return line.status < REDIRECTS && line.code !== undefined && !OVER_CODES.has(line.code);
}

/** Whether a line promises the caller that a claim holds its agent. Answers from a copy promise nothing. */
export function promises<Of extends CallerLine>(
  line: Of,
): line is Of & CallerAnsweredLine & { agent: string; fence: number } {
  if (line.phase !== 'answered' || !isDone(line) || line.mode === 'copy') return false;
  const gives = line.asked === 'claim' || line.asked === 'confirm' || line.asked === 'renew';
  const isAlive = line.state !== 'ENDED' && line.state !== 'WRAP_UP';
  return gives && isAlive && line.agent !== undefined && line.fence !== undefined && line.held_ms !== undefined;
}

/** Whether one of the two is a delegated grant of another region, so that they may overlap. */
export function mayOverlap(one: LedgerClaim, other: LedgerClaim): boolean {
  return (one.verified || other.verified) && (one.home === undefined || one.home !== other.home);
}

/** All claims according to callers' lines. Lines of instances do not affect them, except reports of call conflicts. */
export class Ledger {
  readonly #archive = new ClaimArchive<LedgerClaim>();

  /** All claims on the same unit of the same agent, including this one. */
  rivals({ agent, unit }: LedgerClaim): readonly LedgerClaim[] {
    return this.#archive.ofAgent(agent).filter((other) => other.unit === unit);
  }

  ofCall(call: string): readonly LedgerClaim[] {
    return this.#archive.ofCall(call);
  }

  /** The claim that a line of a caller or an instance names. */
  find({ agent, fence, unit, call }: Pick<LedgerClaim, 'agent' | 'fence'> & { unit?: string; call?: string }) {
    const isNamed = (claim: LedgerClaim) =>
      claim.fence === fence && claim.unit === unit && (!call || !claim.call || claim.call === call);
    return this.#archive.ofAgent(agent).findLast(isNamed);
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
    const hasEnded = OVER_CODES.has(line.code ?? '') || line.state === 'ENDED' || line.state === 'WRAP_UP';
    if (!hasEnded || claim.endedAt !== undefined) return undefined;
    claim.endedAt = claim.endAnsweredAt = line.t;
    return { claim, step: 'refused', wasHeld };
  }

  #promise(line: CallerAnsweredLine & { agent: string; fence: number; place: string }): Heard {
    const until = line.since + (line.held_ms ?? 0);
    const known = this.find(line);
    const claim = known ?? this.#add(line);
    const wasHeld = known !== undefined && isLive(claim, line.t);
    claim.replicated = line.replicated;
    // Requested before the end was answered, so it may have been decided before the end.
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

  #giveUp(claim: LedgerClaim, line: CallerAnsweredLine | CallerUnansweredLine): void {
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

  #add(line: CallerAnsweredLine & { agent: string; fence: number; place: string }): LedgerClaim {
    const { agent, unit, fence, call, home, replicated, place, t } = line;
    const claim: LedgerClaim = {
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
    this.#archive.add(claim, t);
    return claim;
  }
}

/** A claim, for people. */
export function describeLedgerClaim({ call, fence, home, confirmed, replicated, verified }: LedgerClaim): string {
  const by = home ? `, granted by ${home}` : '';
  const how = verified ? ", on its home's behalf" : '';
  const caution = replicated === false ? ', unreplicated' : '';
  return `call ${call ?? '(unknown)'} (fence ${fence}${confirmed ? ', confirmed' : ''}${by}${how}${caution})`;
}
