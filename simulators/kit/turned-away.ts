/** What a platform would not take to an agent, as it is listed. */
export interface TurnedAway<Reason extends string> {
  /** The conversation that was sent. */
  conversationId: string;
  userId: string;
  queueId?: string;
  mediaType?: string;
  at: string;
  reason: Reason;
  /** The conversation the agent had at that moment, or that left no room for it. */
  busyWith?: string;
}

/** A simulator's count of them, apart by what it says of whoever sent them. */
export interface TurnedAwayCounts<Reason extends string = string> {
  /** Sent to an agent whose work left no room for it, or while another agent had it: two callers were given one agent. */
  doubleBookings: number;
  /** The first of them. */
  doubleBookingList: TurnedAway<Reason>[];
  /** Sent to an agent who had room, but was not there for it: away, logged out, not responding. */
  refusals: number;
  /** The first of them. */
  refusalList: TurnedAway<Reason>[];
}

const LISTED = 100;

/** Keeps the count. */
export class TurnedAwayTally<Reason extends string> {
  readonly #counts: TurnedAwayCounts<Reason> = {
    doubleBookings: 0,
    doubleBookingList: [],
    refusals: 0,
    refusalList: [],
  };

  get counts(): TurnedAwayCounts<Reason> {
    const { doubleBookingList, refusalList, ...counts } = this.#counts;
    return { ...counts, doubleBookingList: [...doubleBookingList], refusalList: [...refusalList] };
  }

  count(what: 'doubleBooking' | 'refusal', each: TurnedAway<Reason>): void {
    this.#counts[`${what}s`]++;
    const list = this.#counts[`${what}List`];
    if (list.length < LISTED) list.push(each);
  }
}
