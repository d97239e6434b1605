import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Facets } from '../../agent/facets.ts';
import { merge, REPORTED, type RequiredVersions, requiredVersionsOf } from '../../agent/merge.ts';
import { VOICE } from '../../agent/status.ts';
import { flawIn } from '../../agent/text.ts';
import type { Part } from '../../config/topology.ts';
import { readClaimId } from '../../contract/claim-ids.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import { textOf } from '../../ops/utf8.ts';
import { isAtLeast } from '../../store/store.ts';
import type { Accepted } from '../../sync/flow/ingest.ts';

/**
 * A consistency token: names a write, so that a read can come after it. Opaque to callers: a short JSON in base64url.
 *
 * The token of a small write has the versions of the facets that it wrote, by agent. A region compares them with the records
 * that it answers from, so the result is right however the records arrived, and after a failover, too. The token of a larger
 * write has the positions up to which the region's change streams must have been applied.
 */
export interface Token {
  /** The region that has the write. */
  region: string;
  agents: ReadonlyMap<string, RequiredVersions>;
  /** By part, the last position of the write in the change streams of `region`; empty if `agents` names the whole write. */
  positions: ReadonlyMap<Part, string>;
}

/** The text is not a consistency token. */
export class InvalidToken extends Error {
  override name = 'InvalidToken';
}

/** Longest token that names versions, in characters; one that names positions has about 25 for each part. */
const LONGEST_EXACT = 1024;
/** Most events that may fit into such a token. */
const MOST_EXACT = 20;

/** Format of tokens; regions that exchange format 1 know it. Unknown fields are ignored. */
const FORMAT = 2;

const Count = Type.Integer({ minimum: 0 });
/** Platform time, unavailability (breaks ties), event id. */
const Version = Type.Optional(Type.Tuple([Count, Count, Type.String()]));
/** Fence, granting region (empty: the home), state, until, unit. */
const WireClaim = Type.Tuple([
  Count,
  Type.String(),
  Type.Enum(['HELD', 'CONFIRMED', 'WRAP_UP', 'ENDED']),
  Count,
  Type.String(),
]);
type WireClaim = Static<typeof WireClaim>;
const WireRequiredVersions = Type.Object({
  forgotten: Version,
  profile: Version,
  presence: Version,
  activity: Version,
  /** Call id, followed by the version. */
  interactions: Type.Optional(Type.Array(Type.Tuple([Type.String(), Count, Count, Type.String()]))),
  claims: Type.Optional(Type.Array(WireClaim)),
});
const Wire = Type.Object({
  v: Type.Literal(FORMAT),
  region: Type.String(),
  agents: Type.Optional(Type.Array(Type.Tuple([Type.String(), WireRequiredVersions]))),
  /** Part, ms since `from`, number within that ms. */
  positions: Type.Optional(Type.Array(Type.Tuple([Type.String(), Count, Count]))),
  from: Type.Optional(Count),
});
type Wire = Static<typeof Wire>;
const isWire = Compile(Wire);

/** Writes the token of events that `region` has accepted. */
export function tokenOfEvents(region: string, accepted: Accepted[]): string {
  if (accepted.length <= MOST_EXACT) {
    const exact = writeToken({ region, agents: versionsOf(accepted), positions: new Map() });
    if (exact.length <= LONGEST_EXACT) return exact;
  }
  const positions = new Map<Part, string>();
  for (const { part, position } of accepted.map(({ place }) => place)) {
    if (!isAtLeast(positions.get(part), position)) positions.set(part, position);
  }
  return writeToken({ region, agents: new Map(), positions });
}

function versionsOf(accepted: Accepted[]): Map<string, RequiredVersions> {
  const changes = new Map<string, Facets>();
  for (const { event } of accepted) {
    changes.set(event.agentId, merge(changes.get(event.agentId) ?? {}, event.facets).facets);
  }
  return new Map([...changes].map(([agentId, facets]) => [agentId, requiredVersionsOf(facets)]));
}

/**
 * Writes the token of a claim after a write. The region of a delegated grant is read from the claim id: the `mode` of a copy does
 * not name it.
 */
export function tokenOfClaim({
  authority,
  claim_id,
  agent_id,
  unit = VOICE,
  fence,
  state,
  until,
}: ClaimAnswer): string {
  const by = readClaimId(claim_id)?.name.by;
  const version = { fence, ...(by !== undefined && { by }), state, untilMs: until };
  const agents = new Map([[agent_id, { claims: { [unit]: version } }]]);
  return writeToken({ region: authority.region, agents, positions: new Map() });
}

/** Encodes a token. */
export function writeToken({ region, agents, positions }: Token): string {
  const ids = [...positions].map(([part, position]) => [part, ...position.split('-').map(Number)] as const);
  const from = Math.min(...ids.map(([, ms = 0]) => ms));
  const wire: Wire = {
    v: FORMAT,
    region,
    ...(agents.size > 0 && {
      agents: [...agents].map(([agentId, required]) => [agentId, writeRequiredVersions(required)]),
    }),
    ...(ids.length > 0 && { from, positions: ids.map(([part, ms = 0, n = 0]) => [part, ms - from, n]) }),
  };
  return Buffer.from(JSON.stringify(wire)).toString('base64url');
}

/** Decodes a token. @throws InvalidToken */
export function readToken(text: string): Token {
  const wire = parse(text);
  if (!isWire.Check(wire) || flawIn(wire)) throw new InvalidToken('is not a consistency token');
  const { region, agents = [], positions = [], from = 0 } = wire;
  return {
    region,
    agents: new Map(agents.map(([agentId, required]) => [agentId, readRequiredVersions(required)])),
    positions: new Map(positions.map(([part, ms, n]) => [part, `${from + ms}-${n}`])),
  };
}

function writeRequiredVersions(required: RequiredVersions): Static<typeof WireRequiredVersions> {
  const wire: Static<typeof WireRequiredVersions> = {};
  for (const name of REPORTED) {
    const version = required[name];
    if (version) wire[name] = [version.at, version.unavailability, version.id];
  }
  const interactions = Object.entries(required.interactions ?? {});
  if (interactions.length > 0)
    wire.interactions = interactions.map(([callId, { at, unavailability, id }]) => [callId, at, unavailability, id]);
  const claims = Object.entries(required.claims ?? {}).map(([unit, { fence, by = '', state, untilMs }]): WireClaim => {
    return [fence, by, state, untilMs, unit];
  });
  if (claims.length > 0) wire.claims = claims;
  return wire;
}

function readRequiredVersions(wire: Static<typeof WireRequiredVersions>): RequiredVersions {
  const required: RequiredVersions = {};
  for (const name of REPORTED) {
    const version = wire[name];
    if (version) required[name] = { at: version[0], unavailability: version[1], id: version[2] };
  }
  const { interactions, claims } = wire;
  if (interactions)
    required.interactions = Object.fromEntries(
      interactions.map(([callId, at, unavailability, id]) => [callId, { at, unavailability, id }]),
    );
  if (claims) {
    const reached = claims.map(([fence, by, state, untilMs, unit]) => [
      unit,
      { fence, ...(by && { by }), state, untilMs },
    ]);
    required.claims = Object.fromEntries(reached);
  }
  return required;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(textOf(Buffer.from(text, 'base64url')) ?? '');
  } catch {
    throw new InvalidToken('is not a consistency token');
  }
}
