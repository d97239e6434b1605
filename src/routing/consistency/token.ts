import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Facets } from '../../agent/facets.ts';
import { merge, REPORTED, type RequiredVersions, requiredVersionsOf } from '../../agent/merge.ts';
import { VOICE } from '../../agent/status.ts';
import { flawIn } from '../../agent/text.ts';
import { readClaimId } from '../../contract/claim-ids.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import { textOf } from '../../ops/utf8.ts';
import type { Accepted } from '../../sync/flow/ingest.ts';
import { isAtLeast } from '../../sync/freshness/positions.ts';

/**
 * A consistency token: names a write, so that a read can come after it. Opaque to callers: a short JSON in base64url.
 *
 * The token of a small write has the versions of the facets that it wrote, by agent. A region compares them with the records
 * that it answers from, so the result is right however the records arrived, and after a failover, too. The token of a larger
 * write has the positions up to which the region's outboxes must have been applied.
 */
export interface Token {
  /** The region that has the write. */
  region: string;
  agents: ReadonlyMap<string, RequiredVersions>;
  /** By partition, the last entry of the write in the outbox of `region`; empty if `agents` names the whole write. */
  entries: ReadonlyMap<number, string>;
  /** Whether `region` itself had not applied all entries when it accepted them. */
  deferred: boolean;
}

/** The text is not a consistency token. */
export class InvalidToken extends Error {
  override name = 'InvalidToken';
}

/** Longest token that names versions, in characters; one that names entries has about 15 per partition. */
const LONGEST_EXACT = 1024;
/** Most events that may fit into such a token. */
const MOST_EXACT = 20;

const closed = { additionalProperties: false };
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
const WireRequiredVersions = Type.Object(
  {
    forgotten: Version,
    profile: Version,
    presence: Version,
    activity: Version,
    /** Call id, followed by the version. */
    interactions: Type.Optional(Type.Array(Type.Tuple([Type.String(), Count, Count, Type.String()]))),
    claims: Type.Optional(Type.Array(WireClaim)),
  },
  closed,
);
const Wire = Type.Object(
  {
    v: Type.Literal(1),
    region: Type.String(),
    agents: Type.Optional(Type.Array(Type.Tuple([Type.String(), WireRequiredVersions]))),
    /** Partition, ms since `from`, number within that ms. */
    entries: Type.Optional(Type.Array(Type.Tuple([Count, Count, Count]))),
    from: Type.Optional(Count),
    deferred: Type.Optional(Type.Literal(true)),
  },
  closed,
);
type Wire = Static<typeof Wire>;
const isWire = Compile(Wire);

/** Writes the token of events that `region` has accepted. */
export function tokenOfEvents(region: string, accepted: Accepted[]): string {
  if (accepted.length <= MOST_EXACT) {
    const exact = writeToken({ region, agents: versionsOf(accepted), entries: new Map(), deferred: false });
    if (exact.length <= LONGEST_EXACT) return exact;
  }
  const entries = new Map<number, string>();
  for (const { partition, entry } of accepted.map(({ place }) => place)) {
    if (!isAtLeast(entries.get(partition), entry)) entries.set(partition, entry);
  }
  const deferred = accepted.some(({ outcome }) => outcome === 'deferred');
  return writeToken({ region, agents: new Map(), entries, deferred });
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
  return writeToken({ region: authority.region, agents, entries: new Map(), deferred: false });
}

/** Encodes a token. */
export function writeToken({ region, agents, entries, deferred }: Token): string {
  const ids = [...entries].map(([partition, entry]) => [partition, ...entry.split('-').map(Number)] as const);
  const from = Math.min(...ids.map(([, ms = 0]) => ms));
  const wire: Wire = {
    v: 1,
    region,
    ...(agents.size > 0 && {
      agents: [...agents].map(([agentId, required]) => [agentId, writeRequiredVersions(required)]),
    }),
    ...(ids.length > 0 && { from, entries: ids.map(([partition, ms = 0, n = 0]) => [partition, ms - from, n]) }),
    ...(deferred && { deferred }),
  };
  return Buffer.from(JSON.stringify(wire)).toString('base64url');
}

/** Decodes a token. @throws InvalidToken */
export function readToken(text: string): Token {
  const wire = parse(text);
  if (!isWire.Check(wire) || flawIn(wire)) throw new InvalidToken('is not a consistency token');
  const { region, agents = [], entries = [], from = 0, deferred = false } = wire;
  return {
    region,
    agents: new Map(agents.map(([agentId, required]) => [agentId, readRequiredVersions(required)])),
    entries: new Map(entries.map(([partition, ms, n]) => [partition, `${from + ms}-${n}`])),
    deferred,
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
