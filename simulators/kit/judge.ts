import type { Clock } from './clock.ts';

/** An interaction that an agent could not take, as it is listed. */
interface Rejection<Reason extends string> {
  /** The conversation that was sent. */
  conversationId: string;
  userId: string;
  queueId?: string;
  mediaType?: string;
  at: string;
  reason: Reason;
  /** The conversation that the agent had at that moment, or that left no room for this one. */
  busyWith?: string;
  /** All conversations that the agent had, if more than one. */
  allBusyWith?: string[];
}

/** Interactions that agents could not take: double bookings are the router's fault, refusals are not. */
export interface RejectionCounts<Reason extends string = string> {
  /** Sent to an agent who had no room for it, or while another agent had it: two callers were given one agent. */
  doubleBookings: number;
  /** The first of them. */
  doubleBookingList: Rejection<Reason>[];
  /** Sent to an agent who had room, but was away, logged out or not responding. */
  refusals: number;
  /** The first of them. */
  refusalList: Rejection<Reason>[];
}

/** The state of all agents, as counts. */
interface AgentCounts {
  agents: number;
  /** Logged in, and not away by their own choice. */
  onQueue: number;
  /** May be sent an interaction now: on Genesys Cloud a call, on CXone anything, and only if they have none. */
  idle: number;
  /** Have at least one interaction, from the first ring to the end of after-call work. */
  interacting: number;
  interactionsMissed: number;
  interactionsCompleted: number;
}

export interface WorldState<Reason extends string = string> extends AgentCounts, RejectionCounts<Reason> {
  interactionsSent: number;
}

const LISTED = 500;

/** Counts what a router sends to agents, and each time an agent could not take it. */
export class Judge<Reason extends string> {
  readonly #clock: Clock;
  readonly #counts: RejectionCounts<Reason> = {
    doubleBookings: 0,
    doubleBookingList: [],
    refusals: 0,
    refusalList: [],
  };
  #sent = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts an interaction that its agent takes. */
  accept(): void {
    this.#sent++;
  }

  /** Counts an interaction that its agent cannot take. */
  reject(as: 'doubleBooking' | 'refusal', sent: Omit<Rejection<Reason>, 'at'>): void {
    this.#counts[`${as}s`]++;
    const list = this.#counts[`${as}List`];
    if (list.length < LISTED) list.push({ ...sent, at: new Date(this.#clock.nowMs()).toISOString() });
  }

  state(agents: AgentCounts): WorldState<Reason> {
    const { doubleBookingList, refusalList, ...counts } = this.#counts;
    const lists = { doubleBookingList: [...doubleBookingList], refusalList: [...refusalList] };
    return { ...agents, interactionsSent: this.#sent, ...counts, ...lists };
  }
}
