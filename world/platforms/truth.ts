import type { UserState as CxoneAgent } from '@muster/simulators/cxone/ground-truth';
import type { UserState as GenesysUser } from '@muster/simulators/genesys/ground-truth';
import type { ActivityState, PresenceState } from '../../src/agent/facets.ts';
import type { Status } from '../../src/agent/status.ts';

/** An agent's true state, in Muster's terms. */
export interface Truth {
  /** Undefined if the platform has one state for presence and activity. */
  presence: PresenceState | undefined;
  /** Undefined if it makes no difference: the activity of an absent agent. */
  activity: ActivityState | undefined;
  /** Whether the agent is available for a voice call. */
  status: Status;
}

const ACTIVITY_OF: Record<GenesysUser['routingStatus'], ActivityState> = {
  IDLE: 'IDLE',
  INTERACTING: 'INTERACTING',
  COMMUNICATING: 'INTERACTING',
  NOT_RESPONDING: 'NOT_RESPONDING',
  OFF_QUEUE: 'NOT_RESPONDING',
};

export function truthOfGenesys({ presence, routingStatus, available }: GenesysUser): Truth {
  const isOffline = presence === 'Offline';
  return {
    presence: isOffline ? 'OFF_DUTY' : presence === 'On Queue' ? 'ON_DUTY' : 'PAUSED',
    activity: ACTIVITY_OF[routingStatus],
    status: isOffline ? 'OFFLINE' : available ? 'AVAILABLE' : 'BUSY',
  };
}

const LOGGED_OUT = 0;
const AVAILABLE = 1;
const UNAVAILABLE = 2;
const LOGGED_IN = 8;
const REFUSED = -1;
const PHONE = 4;

/** Valid only while agents have no contacts: otherwise contacts determine the activity, too. */
export function truthOfCxone({ agentStateId, outStateId, isACW, openContacts, takes }: CxoneAgent): Truth {
  if (agentStateId === LOGGED_OUT) return { presence: 'OFF_DUTY', activity: undefined, status: 'OFFLINE' };
  const isAway = agentStateId === LOGGED_IN || agentStateId === UNAVAILABLE;
  const isAtWork = openContacts > 0 || isACW;
  const activity = outStateId === REFUSED ? 'NOT_RESPONDING' : isAtWork ? undefined : 'IDLE';
  return {
    presence: isAway ? 'PAUSED' : agentStateId === AVAILABLE ? 'ON_DUTY' : undefined,
    activity,
    status: takes.includes(PHONE) ? 'AVAILABLE' : 'BUSY',
  };
}
