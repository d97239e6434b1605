import type { LogEvent } from './log-event.ts';

/** Claims, and requests between regions. */
export const ROUTING_EVENTS = {
  region_unreachable: {
    level: 'warn',
    message: 'Region does not answer',
    meaning:
      'Three probes of the API of `peer` failed; `reason` is the last error. `authority` of each connection homed there decides whether its agents can be claimed.',
    remedy: 'See [A region is dark](operations.md#a-region-is-dark).',
  },
  region_reachable: {
    level: 'info',
    message: 'Region answers again',
    meaning: 'The end of `region_unreachable`.',
  },
  region_clock_differs: {
    level: 'warn',
    message: 'Clock of another region differs',
    meaning: 'The clock of `peer` is `offset_ms` ahead of this one, or behind if negative.',
    remedy: 'See [A clock is off](operations.md#a-clock-is-off).',
  },
  region_clock_agrees: {
    level: 'info',
    message: 'Clock of another region agrees again',
    meaning: 'The end of `region_clock_differs`.',
  },
  claim_key_unknown: {
    level: 'warn',
    message: 'Another region does not know the key that signs claim ids here',
    meaning: 'Claims granted here cannot be settled in `peer`.',
    remedy: 'See [Regions know different keys](operations.md#regions-know-different-keys).',
  },
  claim_key_known: {
    level: 'info',
    message: 'Another region knows the key that signs claim ids here',
    meaning: 'The end of `claim_key_unknown`.',
  },
  home_request_failed: {
    level: 'debug',
    message: "Request to an agent's home failed",
    meaning: 'The home did not answer at `url`. A claim takes the next agent; a settlement is answered 503 or 504.',
  },
  region_read_failed: {
    level: 'debug',
    message: 'Read from another region failed',
    meaning:
      'The region did not answer at `url`. The read with a token is answered 409 `not_yet_consistent` unless the write arrives in time.',
  },
  unused_grant_not_released: {
    level: 'debug',
    message: 'Grant that was not given to a caller could not be released',
    meaning: 'The agent is free again when the claim expires.',
  },
  undelivered_claim_not_released: {
    level: 'debug',
    message: 'Claim whose conversation was not assigned could not be released',
    meaning: 'The agent is free again when the claim expires.',
  },
  agent_copy_not_updated: {
    level: 'warn',
    message: 'Local copy of an agent was not updated from its home',
    meaning: 'The update arrives by the bus. Until then claims here may ask the home for the agent, and be refused.',
  },
  expired_claim_not_ended: {
    level: 'warn or debug',
    message: 'Expired claim was not ended',
    meaning: 'It is retried within a second. `debug` where another line has reported the cause.',
  },
  expired_claims_not_read: {
    level: 'debug',
    message: 'Expired claims of a domain could not be read',
    meaning: 'It is retried within a second.',
  },
  old_calls_not_removed: {
    level: 'debug',
    message: 'Old calls of a domain could not be removed',
    meaning: 'It is retried within a second.',
  },
  platform_query_failed: {
    level: 'warn',
    message: 'Platform could not be asked for the state of agents',
    meaning: "It was asked because an agent's home does not answer. These agents are passed over meanwhile.",
    remedy: 'Check the platform, and the network path to it.',
  },
  platform_answer_not_applied: {
    level: 'warn',
    message: 'State of an agent from its platform was not applied',
    meaning: 'The store was unavailable. The agent is passed over.',
    remedy: 'See `shard_down`, `shard_refuses_writes`.',
  },
  platform_login_failed: {
    level: 'debug',
    message: 'Login for queries to a platform failed',
    meaning: 'It is retried with the first query.',
  },
  agent_granted_twice: {
    level: 'warn',
    message: 'Agent was granted twice while regions could not reach each other',
    meaning:
      '`kept` is the claim that stands, `lost` the one that does not; `overlap` says whether both certainly held the agent at one moment.',
    remedy: 'See [Two claims met](operations.md#two-claims-met).',
  },
  conflict_not_published: {
    level: 'warn',
    message: 'Claim conflict was not published on the bus',
    meaning:
      'Subscribers of `muster.claim.conflict` miss it. It is still counted, and logged as `agent_granted_twice`.',
  },
  call_conflict_resolved: {
    level: 'warn',
    message: 'Call had two claims; one was ended',
    meaning: '`kept` is the claim that stands, `lost` the one that was ended.',
    remedy: 'Send each call to one region, and retry it there.',
  },
  call_conflict_confirmed: {
    level: 'warn',
    message: 'Call has two confirmed claims',
    meaning: 'Both callers were told that they have an agent, so neither claim is ended.',
    remedy: 'Complete one of them. Send each call to one region, and retry it there.',
  },
  call_conflict_check_failed: {
    level: 'warn',
    message: 'Claims of a call could not be compared',
    meaning: 'The next claim of the call compares them.',
  },
  changes_not_read: {
    level: 'debug',
    message: 'Changes of a domain could not be read',
    meaning: 'The shard does not answer. Clients of the stream get them later.',
  },
  changed_agents_not_read: {
    level: 'debug',
    message: 'Changed agents of a domain could not be read',
    meaning: 'The shard does not answer. Clients of the stream get them later.',
  },
} as const satisfies Record<string, LogEvent>;
