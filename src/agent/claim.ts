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
 * The life of a claim. The script `claim` creates it, the script `settle` moves it on; what each move means is decided here.
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
 * `refused` is a release after the platform would not take the call to the agent. Like an alert that was `missed` it is the
 * agent's doing: it leaves the agent alone for a moment, and sends them behind those who wait.
 */
export type Settlement = 'confirm' | 'renew' | 'release' | 'complete' | 'refused';

/** What the platform's own word can do to a claim: `missed` is an interaction that ended before the agent answered. */
export type PlatformSettlement = 'confirm' | 'release' | 'complete' | 'missed';

/**
 * What Muster itself does to a claim: its time is over (`lapse`), or its call has another claim that stands
 * (`supersede`).
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

/** What a settlement's meaning depends on besides the claim. */
export interface Circumstances {
  times: ClaimTimes;
  wrapUp: WrapUp;
  /** When the interaction was over, see {@link completionTime}. */
  completedAt: number | 'now' | undefined;
  /** Whether the platform's own word settles, and not a caller. */
  isPlatform: boolean;
}

/** Where a claim goes next. Times run from the moment the shard carries it out. */
export interface Move {
  state: ClaimState;
  /** How long the agent stays locked, in ms; 0 frees it. */
  lockMs: number;
  /** When the interaction counts as completed, which sends the agent to the end of the line; absent: it does not. */
  completed?: Completion;
  /** Why the claim ends; absent while it goes on. */
  endReason?: EndReason;
  /** The agent goes behind everybody who waits at that moment. */
  goesBehind?: true;
  /** Only if the lock's time is over by the shard's own clock. */
  onlyLapsed?: true;
}

/**
 * When the agent is free again after a completed interaction: so many ms after a platform time, or after `now` by the
 * shard's clock where no platform tells the time.
 */
interface Completion {
  from: number | 'now';
  restMs: number;
}

/** A manual wrap-up that nobody ends is over after this long, in ms. */
const LONGEST_WRAP_UP_MS = 3_600_000;

/**
 * After a missed alert, or a call that the platform would not take to the agent, it takes a moment until the platform
 * has said what that means (not responding, gone, or free again), in ms. Until then nobody else is sent there.
 */
const MISSED_MS = 2000;
/**
 * How long a confirmation holds an agent whose platform reports interactions, in ms. The interaction itself keeps the
 * agent busy from its first ring on; where none is ever seen, the claim must not hold the agent for hours.
 */
export const UNSEEN_MS = 60_000;

const MISSED: Move = { state: 'WRAP_UP', lockMs: MISSED_MS, endReason: 'refused', goesBehind: true };
const LAPSED: Move = { state: 'ENDED', lockMs: 0, endReason: 'lapsed', onlyLapsed: true };
const SUPERSEDED: Move = { state: 'ENDED', lockMs: 0, endReason: 'superseded' };

/**
 * What a settlement makes of a claim: a move, `done` where it changes nothing, `over` where it asks for more of a claim
 * that is no longer. Repeating a settlement is harmless.
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

/** The end of a wrap-up leaves the claim the reason that it ended for. */
function release(
  { state, endReason = 'released' }: Pick<Claim, 'state' | 'endReason'>,
  { completedAt }: Circumstances,
) {
  if (state === 'ENDED') return 'done';
  return { state: 'ENDED', lockMs: 0, endReason, ...(state === 'WRAP_UP' && completion(completedAt, 0)) } as const;
}

/** What has been completed stays as it is: only a release, or the platform, ends a wrap-up before its time. */
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
 * Whether a region that cannot reach an agent's home may grant in its stead, as far as the last known claims go. A
 * claim that merely lapsed here may have been renewed there, unless the platform says that its interaction is over.
 */
export function mayGrantInstead(facets: Facets, region: string): boolean {
  return claimsOf(facets).every((claim) => {
    if (claim.state === 'ENDED' || claim.state === 'WRAP_UP' || claim.by === region) return true;
    const interaction = interactionOf(facets, claim.callId);
    return interaction !== undefined && !isLive(interaction, facets);
  });
}

/** Two claims on one agent, granted by regions that could not hear each other. */
export interface Conflict {
  kept: Claim;
  lost: Claim;
  /** `certain` where both are known to have held the agent at one moment, as far as their clocks agree. */
  overlap: 'certain' | 'possible';
}

/**
 * What an agent's home finds when it hears of a claim that was granted in its stead: undefined where nothing was
 * granted since behind that region's back.
 * @param ours the claim on record before, with how long it still holds the agent in ms
 */
export function conflictOf(ours: Claim | undefined, remainingMs: number, theirs: Claim): Conflict | undefined {
  if (!ours || theirs.by === undefined || ours.by === theirs.by || ours.callId === theirs.callId) return undefined;
  const isLive = ours.state !== 'ENDED' && remainingMs > 0;
  if (compareClaims(ours, theirs) > 0) {
    // Fences are about the time of their grant.
    const overlap = theirs.state !== 'ENDED' && theirs.untilMs > ours.fence ? 'certain' : 'possible';
    return { kept: ours, lost: theirs, overlap };
  }
  return isLive ? { kept: theirs, lost: ours, overlap: 'certain' } : undefined;
}

/**
 * When the interaction of a claim that is settled now was over, in platform ms: regions' clocks may be wrong, and an
 * agent's place in line must not be. Where the platform tells of interactions but not of this one, the place stays as it
 * is; where it tells of none, the shard's `now` is the only clock there is.
 */
export function completionTime(facets: Facets, claim: Claim, pairing: PairingRules): number | 'now' | undefined {
  if (!pairing.reportsInteractions) return 'now';
  const interaction = interactionFor(facets, claim, pairing);
  const { activity } = facets;
  return interaction && Math.max(interaction.at, activity?.state === 'IDLE' ? activity.at : 0);
}

/** A settlement that the platform's own word calls for. */
export interface Due {
  claim: Claim;
  settlement: PlatformSettlement;
}

/**
 * The settlements that a platform's event calls for where the claims were granted: decided from the state that the
 * event is part of, so that the same event, seen again after a crash, finds what was left undone. An event that is no
 * longer part of the state calls for nothing.
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
    // Idle since after the call: the agent ended the wrap-up on the platform.
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
 * Whether the event, as far as it is part of the state, says something of the claim. By agent any interaction of the
 * medium does: with one more or one less of them, others go with other claims.
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
 * Whether the agent has been idle on the platform since after the confirmation: what was confirmed had reached the agent
 * by then, so it is over, though nobody heard of it. By call somebody would have heard: there the claim ends by its time.
 */
function isIdleSince(claim: Claim, activity: Facets['activity'], { claimsBy, confirmedMs }: PairingRules): boolean {
  return claimsBy === 'agent' && activity?.state === 'IDLE' && activity.at > confirmedAt(claim, confirmedMs);
}

/**
 * Whether the interaction that a unit was claimed for goes on: then its claim does, too, however long it rings or lasts.
 * Ended by time alone, it would have no wrap-up, and its holder would be told that nobody has the agent.
 */
export function isGoingOn(facets: Facets, unit: string, pairing: PairingRules): boolean {
  const claim = claimOn(facets, unit);
  const interaction = claim && interactionFor(facets, claim, pairing);
  return interaction !== undefined && isLive(interaction, facets);
}
