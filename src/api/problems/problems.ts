/** A kind of problem, with its remedy for the caller. `docs/errors.md` is rendered from these. */
interface ProblemKind {
  status: number;
  title: string;
  meaning: string;
  remedy: string;
}

const kind = (status: number, title: string, meaning: string, remedy: string): ProblemKind => ({
  status,
  title,
  meaning,
  remedy,
});

/** All problems that Muster answers with. Codes are stable: a code that is no longer used is never reused. */
export const PROBLEMS = {
  invalid_request: kind(
    400,
    'Invalid request',
    'A field is missing, unknown, or of the wrong type.',
    'Correct the fields listed in `errors`. Nothing was done.',
  ),
  not_json: kind(
    400,
    'Body is not JSON',
    'The body cannot be parsed as JSON.',
    'Send valid JSON with `content-type: application/json`. Nothing was done.',
  ),
  body_too_large: kind(413, 'Body too large', 'A body may have up to 1 MiB.', 'Send fewer events per request.'),
  head_too_large: kind(
    431,
    'Request head too large',
    'Path, query and headers together may have up to 16 KiB.',
    'Send fewer tokens, or the fields in a body if the route takes one. Nothing was done.',
  ),
  unsupported_media_type: kind(
    415,
    'Unsupported content type',
    'The route does not take bodies of this content type.',
    'Send `content-type: application/json`.',
  ),
  unauthenticated: kind(
    401,
    'Not authenticated',
    'A request needs a bearer token that has not expired, from an issuer of the config and for its audience. A push needs the signature of its body or the secret itself, as `push` of the connection says.',
    'Get a new token; `www-authenticate` says what is wrong with this one. For a push, compare secret and scheme with `push` of the connection in the config, and sign exactly the bytes that are sent. Nothing was done.',
  ),
  insufficient_scope: kind(
    403,
    'Insufficient scope',
    'The token does not grant the scope that the route needs.',
    'Ask the issuer of your tokens for the scope in `scope`. Nothing was done.',
  ),
  not_that_region: kind(
    403,
    'Only for another region',
    'The route is for other regions, or `muster-asked-by` names a region, and the token is not from that region.',
    'Leave the header out. For a region, compare its `auth.regionKey` with its `keys` in `regions` here. Nothing was done.',
  ),
  unknown_route: kind(404, 'Route not found', 'No route has this method and path.', 'Compare with `/docs`.'),
  unknown_agent: kind(
    404,
    'Agent not found',
    'This region has no record of the agent, or has none since the agent was forgotten.',
    'Check the id, `{connection}:{platform user id}`. A new agent is known from its first event on, a forgotten one from the next event.',
  ),
  agent_of_platform: kind(
    409,
    'Agent belongs to a platform',
    'A platform is the source of truth for its agents. Its next full read would bring back an agent that is forgotten here.',
    'Remove the user on the platform. Nothing was done.',
  ),
  agent_has_claim: kind(
    409,
    'Agent is claimed',
    'The agent is claimed, or in wrap-up.',
    'Settle the claim or wait for its end, then repeat the request. Nothing was done.',
  ),
  unknown_queue: kind(
    404,
    'Queue not found',
    'No virtual queue has this name, and no connection has its prefix.',
    'Check the name against `queues` and `connections` in the config.',
  ),
  unknown_claim: kind(
    404,
    'Claim not found',
    'The id does not prove that a claim was granted, or the claim was lost in a failover; see `detail`.',
    'Use the exact `claim_id` of the answer that granted the claim. Confirming or renewing restores a lost claim, unless another call has the agent by now. If ids of other regions are not accepted, compare `claims.keys` of both regions.',
  ),
  unknown_connection: kind(
    404,
    'Connection not found',
    'No connection of this name reads a platform.',
    'Check the name against `connections` in the config. Connections of platform `events` have no platform to read.',
  ),
  not_homed_here: kind(
    421,
    'Home is another region',
    'Only the home of a connection runs and reconciles it, and only the home of an agent forgets the agent.',
    'Send the request to an instance of the region in `home`.',
  ),
  pushes_not_set_up: kind(
    404,
    'Pushes not configured',
    'No connection of this name accepts pushes.',
    'Check the name against `connections` in the config, and add `push` there.',
  ),
  no_agent_available: kind(
    409,
    'No agent is available',
    'No agent of the queue can take the call now; `passed_over` counts the reasons.',
    'Keep the call waiting and claim again, with the same `call_id`.',
  ),
  call_has_claim: kind(
    409,
    'Call has a different claim',
    'The call has an agent already, but this request asks for another queue, media type, skills or agent under the same `call_id`. `claim` is the existing claim.',
    'Use the claim, or release it and claim again. A new call needs its own `call_id`.',
  ),
  fence_superseded: kind(
    409,
    'Claim superseded',
    'The agent was claimed again under a higher fence.',
    'This call no longer has the agent. Claim again.',
  ),
  claim_ended: kind(
    409,
    'Claim has ended',
    'The claim was released, completed or missed, has lapsed, or its call has another claim. It cannot be confirmed or renewed.',
    'Claim again if the call still needs an agent.',
  ),
  not_yet_consistent: kind(
    409,
    'Write not yet known here',
    'The read carries the token of a write that has not reached this region, and no region that has it could be asked. `missing` names the write, `known` is the answer without it.',
    'Read again shortly, or in the region of the write. Without the header, the answer is the one in `known`.',
  ),
  idempotency_key_in_use: kind(
    409,
    'Request with this key is in progress',
    'A request with the same `idempotency-key` and the same content has not been answered yet.',
    'Repeat the request shortly, with the same key. Nothing was done for this one.',
  ),
  idempotency_key_reused: kind(
    422,
    'Key used for another request',
    'The same caller sent other content, or to another path, under this `idempotency-key` within the last 10 minutes.',
    'Use a new key for every request; only a repeated request has the same key. Nothing was done.',
  ),
  too_many_requests: kind(
    429,
    'Rate limit exceeded',
    'The client sent more requests to this instance within a second than `limits.requestsPerSecond` of the config allows. A settlement is rejected only if its claim id does not prove a grant.',
    'Repeat the request after `Retry-After`. `ratelimit-remaining` of every answer says how many requests are left. Nothing was done.',
  ),
  not_assigned: kind(
    409,
    'Platform refused to assign the conversation',
    'With `deliver: assign` an agent was claimed, but the platform refused to assign the conversation to the agent, as `detail` says. The same happened with all further agents that there was time for. All were released.',
    'Check that the conversation waits in a queue with *Enable Manual Assignment*, and that `call_id` is its id there; then claim again.',
  ),
  platform_unavailable: kind(
    503,
    'Platform unavailable',
    'With `deliver: assign` an agent was claimed, but the platform could not be asked to assign the conversation: the login fails, a permission is missing, or the request budget of this minute is used up. The agent was released.',
    'Read `detail`. Repeat the request after `Retry-After`, or claim without `deliver` and send the call yourself.',
  ),
  not_replicated: kind(
    503,
    'Write not replicated',
    'No replica acknowledged the write, and `claims.replication` of the config is `refuse`. The outcome is unknown: do not assume that nothing was written.',
    'Repeat the request after `Retry-After`: an earlier write is found, and nothing is done twice. Check the replicas of the shard.',
  ),
  shard_unavailable: kind(
    503,
    'Shard unavailable',
    'The shard that holds the data is down, failing over, or rejects writes.',
    'Repeat the request after `Retry-After`; a failover takes seconds. `warnings` of `GET /v1/regions` names a shard that rejects writes.',
  ),
  outbox_full: kind(
    503,
    'Outbox full',
    'Too many changes of the domain wait because the bus has been unavailable for too long. No more of its events are accepted.',
    'Restore the bus, then send the events again.',
  ),
  not_home: kind(
    421,
    "Not the agent's home",
    'Another region asked this one for an agent whose home is not here. Requests between regions are not forwarded.',
    'For operators: compare `connections` and `agents.unknown` in the configs of both regions. `home` is the home according to this one.',
  ),
  home_disputed: kind(
    503,
    "Regions disagree on the agent's home",
    "The region that is the agent's home in this config says that it is not.",
    'Give all regions the same `connections` and the same `agents.unknown`, then repeat the request. Nothing was done.',
  ),
  home_unreachable: kind(
    503,
    "Agent's home unreachable",
    "A claim is settled at its agent's home, which cannot be reached.",
    'Repeat the request: settling twice is harmless. A held claim lapses by itself. A `verified` claim is settled in the region that granted it.',
  ),
  outcome_unknown: kind(
    504,
    'Outcome unknown',
    "The agent's home did not answer in time, or could not say what it did. The settlement may have been done.",
    'Repeat the request: settling twice is harmless.',
  ),
  keys_unavailable: kind(
    503,
    'Token signing keys unavailable',
    "The issuer's keys could not be fetched, and no cached keys are still valid, so the token cannot be verified.",
    'Repeat the request after `Retry-After` with the same token. Check the connection from Muster to `jwksUrl`.',
  ),
  overloaded: kind(
    503,
    'Instance overloaded',
    'The instance would answer too late. It rejects lookups first, then claims and events, and settlements last.',
    "Use the region's other instances, or repeat the request after `Retry-After`. Nothing was done.",
  ),
  unknown_format: kind(
    503,
    'Format unknown',
    'Another region sent a request in a format that this version of Muster does not know: that region was upgraded before this one.',
    'Run `muster upgrade status` in both regions. Nothing was done.',
  ),
  starting: kind(
    503,
    'Instance starting',
    'The instance has not yet read the agents of its platforms; `/readyz` shows the progress.',
    "Use the region's other instances, or repeat the request after `Retry-After`. Nothing was done.",
  ),
  draining: kind(
    503,
    'Instance shutting down',
    'The instance takes no new requests.',
    "Use the region's other instances.",
  ),
  internal: kind(
    500,
    'Internal error',
    'A defect in Muster. The log has the details under `request_id`.',
    'Report it with the `request_id`.',
  ),
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;
