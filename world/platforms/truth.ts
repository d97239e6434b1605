import type { UserState as CxoneAgent } from '@muster/simulators/cxone/ground-truth';
import type { UserState as GenesysUser } from '@muster/simulators/genesys/ground-truth';
import type { ActivityState, PresenceState } from '../../src/agent/facets.ts';
import type { Status } from '../../src/agent/status.ts';

/** What a platform knows of an agent, in Muster's words. */
export interface Truth {
  /** Undefined where the platform tells it with what the agent does, in one word. */
  presence: PresenceState | undefined;
  /** Undefined where it makes no difference: nobody asks what an agent does who is not there. */
  activity: ActivityState | undefined;
  /** For a voice call. */
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

/** Only while nobody handles anything: what an agent at work does is told by contacts, too. */
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
