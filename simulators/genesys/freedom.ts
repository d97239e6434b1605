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

/** Why an agent could not take the interaction that was sent to them. */
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

/** Why the agent cannot take an interaction of this kind now; undefined if they can. */
export function refusal(agent: Agent, mediaType: MediaType): Refused | undefined {
  const inTheWay = obstacle(agent, mediaType);
  if (inTheWay === 'FULL') return { reason: 'NO_CAPACITY' };
  // One that is over is not among the agent's any more.
  if (inTheWay) return { reason: inTheWay.state as Refusal, busyWith: inTheWay };
  const { routingStatus, interactions } = agent;
  if (!isOnQueue(agent) || routingStatus === 'OFF_QUEUE') return { reason: 'NOT_ON_QUEUE' };
  const isReady = routingStatus === 'IDLE' || (routingStatus === 'INTERACTING' && interactions.length > 0);
  return isReady ? undefined : { reason: routingStatus };
}

/** Whether the agent had room for it and was not there, or is never sent any of its kind: no work of theirs was in its way. */
export function isAbsence(reason: Refusal): boolean {
  return reason === 'NOT_ON_QUEUE' || reason === 'NOT_RESPONDING' || reason === 'NO_CAPACITY';
}

/** Whether the agent could take an interaction of any kind. */
export function isFree(agent: Agent): boolean {
  return MEDIA_TYPES.some((mediaType) => !refusal(agent, mediaType));
}
