import {
  type Claim,
  type ClaimState,
  claimsOf,
  compareClaims,
  compareVersions,
  type EndReason,
  type Facets,
  type Interaction,
  interactionOf,
  interactionsOf,
  type Stamped,
  type Version,
} from './facets.ts';
import { confirmedAt, interactionFor, type PairingRules } from './pairing.ts';
import { claimOn, isLive, liveInteractions, mediaOfUnit } from './status.ts';

/**
 * The states of a claim and the moves between them. The script `claim` creates a claim and `settle` writes each move; this
 * file decides which move follows.
 *
 *            claim              confirm, or the platform says connected
 *   (free) ────────► HELD ──────────────────────────────► CONFIRMED ◄─┐
 *      ▲             │  │ ▲                                │     │ └──┘ renew
 *      │             │  │ └─┘ renew               complete,│     │
 *      │             │  │ complete, ended            ended │     │
 *      │             │  └───────────────► WRAP_UP ◄────────┘     │
 *      │     release,│    (queue's rule)   │ release, idle,      │ release, lapse, or complete
 *      │       lapse,▼                     ▼ its time            ▼ where there is no wrap-up
 *      └─supersede ───────────────────── ENDED ◄─────────────────┘
 *
 * `refused` releases a claim whose call the platform did not deliver to the agent. Like a `missed` alert it moves the agent
 * behind everyone who waits, and locks the unit for `MISSED_MS`.
 */
export type Settlement = 'confirm' | 'renew' | 'release' | 'complete' | 'refused';

/** Settlements that follow from platform events. `missed`: the interaction ended before the agent answered. */
export type PlatformSettlement = 'confirm' | 'release' | 'complete' | 'missed';

/**
 * Settlements by Muster itself. `lapse`: the lock has expired. `supersede`: the call has two claims, and this one gives
 * way.
 */
export type OwnSettlement = 'lapse' | 'supersede';

export interface WrapUp {
  /** `none`: free at once. `timed`: busy for `seconds`. `manual`: busy until released or idle on the platform. */
  rule: 'none' | 'timed' | 'manual';
  seconds: number;
}

interface ClaimTimes {
  /** How long a claim is held before it must be confirmed, in ms. */
  heldMs: number;
  /** How long a confirmed claim holds its agent without a renewal, in ms. */
  confirmedMs: number;
}

/** Inputs of {@link nextMove} besides the claim. */
export interface Circumstances {
  times: ClaimTimes;
  wrapUp: WrapUp;
  /** When the interaction ended, see {@link completionTime}. */
  completedAt: number | 'now' | undefined;
  /** Whether a platform event settles the claim, and not a caller. */
  isPlatform: boolean;
}

/** The next state of a claim. Durations count from the moment the shard applies the move. */
export interface Move {
  state: ClaimState;
  /** How long the unit stays locked, in ms; 0 frees it. */
  lockMs: number;
  /** Completion of the interaction, which moves the agent to the end of the queue; absent: the queue position stays. */
  completed?: Completion;
  /** Absent while the claim goes on. */
  endReason?: EndReason;
  /** Moves the agent behind everyone who waits when the move is applied. */
  goesBehind?: true;
  /** Applies only if the lock has expired by the shard's clock. */
  onlyLapsed?: true;
}

/**
 * When the agent is available again after a completed interaction: `restMs` after a platform time, or after `now` by the
 * shard's clock if no platform reports the time.
 */
interface Completion {
  from: number | 'now';
  restMs: number;
}

/** Limit of a manual wrap-up, in ms. */
const LONGEST_WRAP_UP_MS = 3_600_000;

/**
 * How long an agent stays locked after a missed alert or a failed delivery, in ms. By then the platform has reported the
 * agent's new state: not responding, logged out, or idle.
 */
const MISSED_MS = 2000;

/**
 * How long a confirmation holds an agent whose platform reports interactions, in ms. The interaction itself keeps the agent
 * busy as soon as it alerts. If none is ever reported, the claim must not hold the agent for hours.
 */
export const UNSEEN_MS = 60_000;

const MISSED: Move = { state: 'WRAP_UP', lockMs: MISSED_MS, endReason: 'refused', goesBehind: true };
const LAPSED: Move = { state: 'ENDED', lockMs: 0, endReason: 'lapsed', onlyLapsed: true };
const SUPERSEDED: Move = { state: 'ENDED', lockMs: 0, endReason: 'superseded' };

/**
 * Decides what a settlement does to a claim. Repeating a settlement is harmless.
 * @returns the move; `done` if there is nothing to change; `over` for a confirmation or a renewal of a claim that has ended
 */
export function nextMove(
  claim: Pick<Claim, 'state' | 'endReason'>,
  settlement: Settlement | PlatformSettlement | OwnSettlement,
  circumstances: Circumstances,
): Move | 'done' | 'over' {
  const { state } = claim;
  const isRunning = state === 'HELD' || state === 'CONFIRMED';
  switch (settlement) {
    case 'missed':
    case 'refused':
      return isRunning ? MISSED : 'done';
    case 'lapse':
      return isRunning ? LAPSED : 'done';
    case 'supersede':
      return state === 'HELD' ? SUPERSEDED : 'done';
    case 'release':
      return release(claim, circumstances);
    case 'complete':
      return isRunning ? complete(circumstances) : 'done';
    default:
      return isRunning ? keep(state, settlement, circumstances) : 'over';
  }
}

function keep(state: ClaimState, settlement: 'confirm' | 'renew', { times }: Circumstances): Move {
  const isConfirmed = settlement === 'confirm' || state === 'CONFIRMED';
  return isConfirmed ? { state: 'CONFIRMED', lockMs: times.confirmedMs } : { state: 'HELD', lockMs: times.heldMs };
}

/** Releasing a wrap-up keeps the end reason of the claim. */
function release(
  { state, endReason = 'released' }: Pick<Claim, 'state' | 'endReason'>,
  { completedAt }: Circumstances,
) {
  if (state === 'ENDED') return 'done';
  return { state: 'ENDED', lockMs: 0, endReason, ...(state === 'WRAP_UP' && completion(completedAt, 0)) } as const;
}

/** Only a running claim is completed. After that, a wrap-up ends early only by a release or by the platform. */
function complete({ wrapUp: { rule, seconds }, completedAt, isPlatform }: Circumstances): Move {
  const endReason = isPlatform ? 'platform' : 'completed';
  const restMs = rule === 'timed' ? seconds * 1000 : 0;
  const ended = { endReason, ...completion(completedAt, restMs) } as const;
  if (rule === 'none') return { state: 'ENDED', lockMs: 0, ...ended };
  return { state: 'WRAP_UP', lockMs: rule === 'manual' ? LONGEST_WRAP_UP_MS : restMs, ...ended };
}

function completion(from: number | 'now' | undefined, restMs: number): { completed?: Completion } {
  return from === undefined ? {} : { completed: { from, restMs } };
}

/**
 * Whether the known claims allow a delegated grant by a region that cannot reach the agent's home. A claim of the home that
 * has lapsed here may have been renewed there, so it forbids the grant until the platform reports its interaction as ended.
 */
export function mayGrantInstead(facets: Facets, region: string): boolean {
  return claimsOf(facets).every((claim) => {
    if (claim.state === 'ENDED' || claim.state === 'WRAP_UP' || claim.by === region) return true;
    const interaction = interactionOf(facets, claim.callId);
    return interaction !== undefined && !isLive(interaction, facets);
  });
}

/** Two claims on one agent, granted by regions that could not reach each other. */
export interface Conflict {
  kept: Claim;
  lost: Claim;
  /** `certain`: both held the agent at the same time, as far as the regions' clocks agree. */
  overlap: 'certain' | 'possible';
}

/**
 * Compares a delegated grant with the claim that the agent's home has on record.
 * @param ours the claim on record
 * @param remainingMs rest of its lock, in ms
 * @param theirs the delegated grant
 * @returns undefined if there is no conflict
 */
export function conflictOf(ours: Claim | undefined, remainingMs: number, theirs: Claim): Conflict | undefined {
  if (!ours || theirs.by === undefined || ours.by === theirs.by || ours.callId === theirs.callId) return undefined;
  const isLive = ours.state !== 'ENDED' && remainingMs > 0;
  if (compareClaims(ours, theirs) > 0) {
    // A fence is close to the time of its grant in ms.
    const overlap = theirs.state !== 'ENDED' && theirs.untilMs > ours.fence ? 'certain' : 'possible';
    return { kept: ours, lost: theirs, overlap };
  }
  return isLive ? { kept: theirs, lost: ours, overlap: 'certain' } : undefined;
}

/**
 * When the interaction of a claim that is settled now ended. Queue positions use platform time, because the clocks of
 * regions may differ.
 * @returns platform ms; undefined if the platform reports interactions but not this one: the queue position stays; `now`,
 * by the
 *   shard's clock, if the platform reports none
 */
export function completionTime(facets: Facets, claim: Claim, pairing: PairingRules): number | 'now' | undefined {
  if (!pairing.reportsInteractions) return 'now';
  const interaction = interactionFor(facets, claim, pairing);
  const { activity } = facets;
  return interaction && Math.max(interaction.at, activity?.state === 'IDLE' ? activity.at : 0);
}

/** A settlement that a platform event requires. */
export interface Due {
  claim: Claim;
  settlement: PlatformSettlement;
}

/**
 * Settlements that a platform event requires in the region that granted the claims. They depend on the agent's state after
 * the event, so an event that is processed again after a crash yields the settlements that were not done yet. An event that
 * newer ones have replaced requires none.
 */
export function settlementsDue(event: Facets, facets: Facets, pairing: PairingRules): Due[] {
  return claimsOf(facets).flatMap((claim) => {
    const interaction = interactionFor(facets, claim, pairing);
    if (!concerns(event, facets, claim, interaction, pairing)) return [];
    const settlement = settlementDue(claim, interaction, facets, pairing);
    return settlement ? [{ claim, settlement }] : [];
  });
}

function settlementDue(
  claim: Claim,
  interaction: Stamped<Interaction> | undefined,
  facets: Facets,
  pairing: PairingRules,
): PlatformSettlement | undefined {
  if (claim.state === 'ENDED') return undefined;
  const { activity } = facets;
  if (claim.state === 'WRAP_UP') {
    // Idle after the end of the call: the agent ended the wrap-up on the platform.
    const isIdle = activity?.state === 'IDLE' && activity.at > (interaction?.at ?? claim.completedAtMs);
    const isBusy = liveInteractions(facets).some(({ media }) => media === mediaOfUnit(claim.unit));
    return isIdle && !isBusy ? 'release' : undefined;
  }
  if (!interaction) return isIdleSince(claim, activity, pairing) ? 'complete' : undefined;
  const isOver = interaction.state === 'WRAP_UP' || !isLive(interaction, facets);
  if (!isOver) return interaction.state === 'CONNECTED' && claim.state === 'HELD' ? 'confirm' : undefined;
  return interaction.connectedAt === undefined ? 'missed' : 'complete';
}

/**
 * Whether a current part of the event can affect the claim. With `claimsBy: agent` every interaction of the media type can,
 * because one more or one less changes the pairing of the others.
 */
function concerns(
  event: Facets,
  facets: Facets,
  { unit }: Claim,
  its: Stamped<Interaction> | undefined,
  { claimsBy }: PairingRules,
): boolean {
  if (isCurrent(event.activity, facets.activity)) return true;
  return interactionsOf(event).some((one) => {
    const isAlike = claimsBy === 'agent' && one.media === mediaOfUnit(unit);
    return (isAlike || one.callId === its?.callId) && isCurrent(one, interactionOf(facets, one.callId));
  });
}

function isCurrent(reported: Version | undefined, held: Version | undefined): boolean {
  return reported !== undefined && held !== undefined && compareVersions(reported, held) === 0;
}

/**
 * Whether the agent has become idle on the platform after the confirmation. With `claimsBy: agent` the interaction is over
 * then, even if its end was not reported. With `claimsBy: call` its end would have been reported, so the claim lapses
 * instead.
 */
function isIdleSince(claim: Claim, activity: Facets['activity'], { claimsBy, confirmedMs }: PairingRules): boolean {
  return claimsBy === 'agent' && activity?.state === 'IDLE' && activity.at > confirmedAt(claim, confirmedMs);
}

/**
 * Whether the interaction that a unit was claimed for is still going on. Such a claim does not lapse, however long the
 * interaction alerts or lasts: a lapse would skip the wrap-up, and the holder could not settle the claim any more.
 */
export function isGoingOn(facets: Facets, unit: string, pairing: PairingRules): boolean {
  const claim = claimOn(facets, unit);
  const interaction = claim && interactionFor(facets, claim, pairing);
  return interaction !== undefined && isLive(interaction, facets);
}
