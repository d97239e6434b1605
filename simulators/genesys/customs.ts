/**
 * Behaviour that differs between organisations: the platform's documentation leaves it open, or it is a setting. A client
 * must be right with every choice.
 */
export interface Customs {
  /** Routing status of an agent on a non-ACD call: `COMMUNICATING` if such a call keeps ACD calls away. */
  nonAcdStatus: 'IDLE' | 'COMMUNICATING';
  /**
   * The effect of assigning a conversation to an agent who cannot take it. `refuses`: the request fails. `accepts`: it
   * succeeds, and the conversation keeps waiting.
   */
  assignsToBusy: 'refuses' | 'accepts';
  /** Whether routing status turns INTERACTING when the agent is alerted or only when the agent answers. */
  interactingSince: 'alert' | 'answer';
}

/** The harder choices for a client. */
export const HARD: Customs = { nonAcdStatus: 'IDLE', assignsToBusy: 'accepts', interactingSince: 'answer' };
/** All the other choices. */
export const OTHER: Customs = { nonAcdStatus: 'COMMUNICATING', assignsToBusy: 'refuses', interactingSince: 'alert' };
