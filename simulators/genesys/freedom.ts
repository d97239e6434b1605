import { isOnQueue } from './agents.ts';
import {
  type Agent,
  type Interaction,
  type InteractionState,
  MEDIA_TYPES,
  type MediaType,
  type RoutingStatus,
} from './model.ts';
import { obstacle } from './utilization.ts';

/** The reason why an agent cannot take an interaction. */
export type Refusal =
  | Exclude<InteractionState, 'COMPLETE' | 'MISSED'>
  | 'NOT_ON_QUEUE'
  | Exclude<RoutingStatus, 'OFF_QUEUE' | 'IDLE'>
  | 'NO_CAPACITY'
  | 'CONVERSATION_ELSEWHERE';

export interface Refused {
  reason: Refusal;
  /** The interaction that leaves no room for it. */
  busyWith?: Interaction;
}

/** The reason why the agent cannot take an interaction of this medium now; undefined if they can. */
export function refusal(agent: Agent, mediaType: MediaType): Refused | undefined {
  const inTheWay = obstacle(agent, mediaType);
  if (inTheWay === 'FULL') return { reason: 'NO_CAPACITY' };
  // Ended interactions are no longer in the agent's list.
  if (inTheWay) return { reason: inTheWay.state as Refusal, busyWith: inTheWay };
  const { routingStatus, interactions } = agent;
  if (!isOnQueue(agent) || routingStatus === 'OFF_QUEUE') return { reason: 'NOT_ON_QUEUE' };
  const isReady = routingStatus === 'IDLE' || (routingStatus === 'INTERACTING' && interactions.length > 0);
  return isReady ? undefined : { reason: routingStatus };
}

/** Whether the agent was away, or takes none of the medium: no work of theirs was in the way. */
export function isAbsence(reason: Refusal): boolean {
  return reason === 'NOT_ON_QUEUE' || reason === 'NOT_RESPONDING' || reason === 'NO_CAPACITY';
}

/** Whether the agent could take an interaction of any kind. */
export function isFree(agent: Agent): boolean {
  return MEDIA_TYPES.some((mediaType) => !refusal(agent, mediaType));
}
