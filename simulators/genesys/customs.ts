/**
 * What an agent or a client meets differently from one organisation to the next: the platform's documentation leaves it
 * open, or leaves it to the organisation. Muster must be right with every one.
 */
export interface Customs {
  /** What routing says of an agent who has a call that it has not sent: `COMMUNICATING` where such a call keeps ACD's away. */
  nonAcdStatus: 'IDLE' | 'COMMUNICATING';
  /**
   * What becomes of a conversation that is assigned to an agent who cannot take it. `refuses`: the request fails. `accepts`:
   * it does not, and the conversation waits on.
   */
  assignsToBusy: 'refuses' | 'accepts';
  /** Whether routing status turns INTERACTING when the agent is alerted or only when the agent answers. */
  interactingSince: 'alert' | 'answer';
}

/** The harder ones for a client. */
export const HARD: Customs = { nonAcdStatus: 'IDLE', assignsToBusy: 'accepts', interactingSince: 'answer' };
/** All the others. */
export const OTHER: Customs = { nonAcdStatus: 'COMMUNICATING', assignsToBusy: 'refuses', interactingSince: 'alert' };
