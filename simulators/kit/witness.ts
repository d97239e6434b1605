/** A change of a user's true state. */
export interface Change {
  userId: string;
  what: 'presence' | 'routingStatus';
  value: string;
  /** The platform's time of the change, in ms. */
  atMs: number;
}

/** A request to the API that has been answered. */
export interface Answered {
  /** A part of the access token that distinguishes it; empty if there was none. */
  token: string;
  status: number;
  /** Whether the 429 comes from a fault. */
  forced: boolean;
}

/** An interaction, by its sender's id, and the user who had it. */
interface Ended {
  userId: string;
  conversationId: string;
}

/** Observes events on the platform at the moment they happen. It must be quick and must not throw. */
export interface Witness {
  /** Called before the API shows it. */
  changed(change: Change): void;
  /** An interaction is over for a user: hung up, missed, or passed on. Called before the API shows it. */
  ended(ended: Ended): void;
  answered(answered: Answered): void;
  /**
   * Events from now on reach clients within `withinMs`; null if they may be lost. Called at the start and whenever faults
   * are set, first with null if they break notifications that are on their way.
   */
  notifies(withinMs: number | null): void;
}

export const NO_WITNESS: Witness = { changed() {}, ended() {}, answered() {}, notifies() {} };
