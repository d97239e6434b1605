/** A change of what the platform itself knows of a user. */
export interface Change {
  userId: string;
  what: 'presence' | 'routingStatus';
  value: string;
  /** The time that the platform gives the change, in ms. */
  atMs: number;
}

/** A request to the API that has been answered. */
export interface Answered {
  /** Of the access token, enough to tell it from others; empty where there was none. */
  token: string;
  status: number;
  /** A fault asked for the 429 that it is. */
  forced: boolean;
}

/** An interaction, as its sender calls it, and the user who had it. */
interface Ended {
  userId: string;
  conversationId: string;
}

/** Sees what happens on the platform at the moment it happens. It must be quick and must not throw. */
export interface Witness {
  /** Before anybody else hears of it. */
  changed(change: Change): void;
  /** An interaction is over for a user: hung up, missed, or passed on. Before anybody else hears of it. */
  ended(ended: Ended): void;
  answered(answered: Answered): void;
  /**
   * What happens from now on is told to whoever listens within so many ms; null: it may be lost. Told at the start and
   * whenever somebody sets faults; null alone goes ahead of it where these break what was under way.
   */
  notifies(withinMs: number | null): void;
}

export const NOBODY: Witness = { changed() {}, ended() {}, answered() {}, notifies() {} };
