/** One kind of problem: what it means and what whoever gets it should do. `docs/errors.md` is rendered from these. */
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

/** Every problem Muster answers with. Codes are stable: one that is no longer used is never used for anything else. */
export const PROBLEMS = {
  invalid_request: kind(
    400,
    'The request is not valid',
    'A field is missing, unknown, or of the wrong kind.',
    'Correct the fields that `errors` names. Nothing was done.',
  ),
  not_json: kind(
    400,
    'The body is not JSON',
    'The body cannot be read as JSON.',
    'Send valid JSON with `content-type: application/json`. Nothing was done.',
  ),
  body_too_large: kind(413, 'The body is too large', 'A body may have 1 MiB.', 'Send fewer events at a time.'),
  head_too_large: kind(
    431,
    'The head of the request is too large',
    'Path, query and headers together may have 16 KiB.',
    'Send fewer tokens, or the fields in a body where the route takes one. Nothing was done.',
  ),
  unsupported_media_type: kind(
    415,
    'The content type is not supported',
    'Bodies are JSON.',
    'Send `content-type: application/json`.',
  ),
  unauthenticated: kind(
    401,
    'The sender is not known',
    'A request must carry a bearer token of an issuer of the config, for its audience, that has not expired; a push the signature of its body, or the secret itself, as the connection is set up.',
    'Get a new token; `www-authenticate` says what is wrong with this one. Of a push compare the secret and the scheme with `push` of the connection in the config; sign the bytes that are sent. Nothing was done.',
  ),
  insufficient_scope: kind(
    403,
    'The sender may not do this',
    'The token does not grant what the route needs.',
    'Ask the issuer of your tokens for the scope that `scope` names. Nothing was done.',
  ),
  not_that_region: kind(
    403,
    'Only another region may do this',
    'The route is for other regions, or `muster-asked-by` names a region, and the token is not that of this region.',
    'Leave the header out. Of a region compare its `auth.regionKey` with its `keys` in `regions` here. Nothing was done.',
  ),
  unknown_route: kind(404, 'There is nothing here', 'No route has this method and path.', 'Compare with `/docs`.'),
  unknown_agent: kind(
    404,
    'The agent is not known',
    'Nothing has been heard of the agent in this region, or not since the agent was forgotten.',
    'Check the id, `{connection}:{platform user id}`; a new agent arrives with its first event, one who was forgotten with the next.',
  ),
  agent_of_platform: kind(
    409,
    'The agent is of a platform',
    'A platform is the source of truth for whom it has; what is forgotten here its next reading would bring back.',
    'Remove the user on the platform. Nothing was done.',
  ),
  agent_has_claim: kind(
    409,
    'A claim holds the agent',
    'The agent has been claimed, or wraps up.',
    'Settle the claim, or wait for its end; then ask again. Nothing was done.',
  ),
  unknown_queue: kind(
    404,
    'The queue is not known',
    'No virtual queue has this name, and no connection its prefix.',
    'Check the name against `queues` and `connections` in the config.',
  ),
  unknown_claim: kind(
    404,
    'The claim is not known',
    'The id proves no claim that was granted; or the claim was granted and a failover forgot it, as `detail` says.',
    'Use the `claim_id` of the answer that granted it, to the letter. Confirming or renewing makes a forgotten claim again, unless another call has the agent by now. Where ids of other regions prove nothing compare `claims.keys` of both.',
  ),
  unknown_connection: kind(
    404,
    'The connection is not known',
    'No connection of this name reads a platform.',
    'Check the name against `connections` in the config. Connections of platform `events` have nothing that could be read.',
  ),
  not_homed_here: kind(
    421,
    'Another region has to do this',
    'A connection is run by its home, and reconciled there; an agent is forgotten at home.',
    'Ask an instance of the region that `home` names.',
  ),
  pushes_not_set_up: kind(
    404,
    'Pushes are not set up',
    'No connection of this name takes pushes.',
    'Check the name against `connections` in the config, and give it `push` there.',
  ),
  no_agent_available: kind(
    409,
    'No agent is available',
    'Nobody in the queue can take the call now; `passed_over` counts why.',
    'Keep the call waiting and claim again, with the same `call_id`.',
  ),
  call_has_claim: kind(
    409,
    'The call has a claim for another wish',
    'The call has an agent already, and asks for another queue, media, skills or agent under the same id; `claim` is what it has.',
    'Use the claim, or release it and claim again. A new call has an id of its own.',
  ),
  fence_superseded: kind(
    409,
    'The claim has been superseded',
    'The agent has been claimed again under a higher fence.',
    'Give the call up; it no longer has this agent. Claim again.',
  ),
  claim_ended: kind(
    409,
    'The claim has ended',
    'It was released, completed or missed, has lapsed, or its call has another claim; it cannot be confirmed or renewed.',
    'Claim again if the call still needs an agent.',
  ),
  not_yet_consistent: kind(
    409,
    'A write has not arrived here yet',
    'The read carries the token of a write that this region does not know yet, and no region that does could be asked; `missing` says what, `known` is the answer without it.',
    'Read again in a moment, or in the region that has the write. Without the header the read is answered as `known`.',
  ),
  idempotency_key_in_use: kind(
    409,
    'The first request with this key is under way',
    'A request with the same `idempotency-key` and the same content has not been answered yet.',
    'Ask again in a moment, with the same key. Nothing was done for this one.',
  ),
  idempotency_key_reused: kind(
    422,
    'The key belongs to another request',
    'The same caller has sent another content, or to another path, under this `idempotency-key` within the last 10 minutes.',
    'Give every request a key of its own; only the same request made again has the same key. Nothing was done.',
  ),
  too_many_requests: kind(
    429,
    'The client asks too often',
    'One client has asked this instance more often within a second than `limits.requestsPerSecond` of the config allows. A settlement is only refused so where its id proves no claim.',
    'Ask again after `Retry-After`; `ratelimit-remaining` of every answer says how many are left. Nothing was done.',
  ),
  not_assigned: kind(
    409,
    'The platform would not assign the conversation',
    'With `deliver: assign` an agent was claimed, and the platform refused to give the conversation to them, as `detail` says; so it did with the others that there was time for. All were given back.',
    'See that the conversation waits in a queue with *Enable Manual Assignment*, and that `call_id` is its id there; then claim again.',
  ),
  platform_unavailable: kind(
    503,
    'The platform cannot be told',
    'With `deliver: assign` an agent was claimed, and the platform could not be told to assign the conversation: the login fails, the permission is missing, or the requests of this minute are used up. The agent was given back.',
    'Read `detail`; ask again after `Retry-After`, or without `deliver` and send the call yourself.',
  ),
  not_replicated: kind(
    503,
    'No replica has it',
    'No replica acknowledged what was written, and `claims.replication` of the config refuses to tell of such writes. Whether it stands is unknown: it was not undone.',
    'Send the same again after `Retry-After`: what stands is found again, nothing is done twice. See to the replicas of the shard.',
  ),
  shard_unavailable: kind(
    503,
    'A part of the store is not available',
    'The shard that holds the data is down, failing over, or refuses to write.',
    'Try again after `Retry-After`; a promotion takes seconds. A shard that refuses is named in `warnings` of `GET /v1/regions`.',
  ),
  outbox_full: kind(
    503,
    'No more events can be accepted',
    'The bus has been away so long that the outbox is full.',
    'Bring the bus back; send the events again then.',
  ),
  not_home: kind(
    421,
    "This region is not the agent's home",
    'Another region asked this one for an agent who is not homed here. A request between regions is not passed on.',
    'Of regions only: compare `connections` and `agents.unknown` in the configs of both with `home`, the region that this one takes for it.',
  ),
  home_disputed: kind(
    503,
    "The regions disagree on the agent's home",
    'The region that is the home by this config says that it is not.',
    'Give all regions the same `connections` and the same `agents.unknown`; ask again then. Nothing was done.',
  ),
  home_unreachable: kind(
    503,
    "The agent's home does not answer",
    'The claim is settled at the home of its agent, which cannot be reached.',
    'Ask again: settling twice is harmless. A held claim lapses by itself. A `verified` claim is settled in the region that granted it.',
  ),
  outcome_unknown: kind(
    504,
    'The outcome is not known',
    "The agent's home did not say in time what it did, or could not; it may have done what was asked.",
    'Ask again: settling twice is harmless.',
  ),
  keys_unavailable: kind(
    503,
    'Nobody can say whether the token is good',
    "Its issuer's keys could not be fetched, and none that are known may still be believed.",
    'Try again after `Retry-After` with the same token; see to the way from Muster to `jwksUrl`.',
  ),
  overloaded: kind(
    503,
    'This instance has too much to do',
    'It would answer too late. Lookups are refused first, then claims and events, settlements last.',
    "Use the region's other instances, or try again after `Retry-After`. Nothing was done.",
  ),
  starting: kind(
    503,
    'This instance has just started',
    'It has not read yet how the agents of its platforms are; `/readyz` says how far it is.',
    "Use the region's other instances, or try again after `Retry-After`. Nothing was done.",
  ),
  draining: kind(503, 'This instance is shutting down', 'It takes no new work.', "Use the region's other instances."),
  internal: kind(
    500,
    'Something is wrong inside Muster',
    'A defect; the log has the details under `request_id`.',
    'Report it with the `request_id`.',
  ),
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;
