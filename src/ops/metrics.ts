import { type Counter, collectDefaultMetrics, type Gauge, type Histogram, Registry } from 'prom-client';
import { type Maker, makerFor } from './metric-maker.ts';

/** Everything an instance measures. No label ever holds an agent's, a call's or an event's id. */
export interface Metrics {
  registry: Registry;
  /** `accepted`, then per copy `applied`, `duplicate`, `outdated`; `rejected`, `dead_letter`. */
  events: Counter<'outcome'>;
  /** What could not be read or done and nobody waits for: of `bus`, `outbox`, `connection`, `reconciler`, `stream`. */
  setAside: Counter<'place'>;
  /** Timestamps beyond the tolerance for the future, clamped to now. */
  clamped: Counter;
  /** `granted`, `again`, `none`, `refused`, `unavailable`. */
  claims: Counter<'outcome'>;
  /** Why agents were passed over, agent by agent. */
  passedOver: Counter<'reason'>;
  claimMs: Histogram<'where'>;
  /** Agents a platform was asked about because their home was quiet: `answered`, `failed`, `refused`. */
  assignments: Counter<'connection' | 'outcome'>;
  readThrough: Counter<'connection' | 'outcome'>;
  readThroughMs: Histogram<'connection'>;
  /** Claims granted in a home's stead that met the home's own. */
  conflicts: Counter<'overlap'>;
  /** Calls that had two claims: one was `ended`, or both were confirmed, `both_confirmed`. */
  callConflicts: Counter<'outcome'>;
  settlements: Counter<'settlement' | 'outcome'>;
  /** Why claims ended: `completed`, `released`, `refused`, `lapsed`, `superseded`, `platform`. */
  claimEnds: Counter<'reason'>;
  /** Ids of claims that no region granted. */
  unprovenClaimIds: Counter;
  /** From acceptance in another region to being applied here. */
  propagationMs: Histogram<'from'>;
  /** Reads that carried a token: `here`, `waited`, `asked`, `refused`. */
  tokenReads: Counter<'outcome'>;
  /** Requests by whether their sender is known, and may: `accepted`, or why not. */
  authentications: Counter<'outcome'>;
  /** Requests refused for want of time. */
  shed: Counter<'work'>;
  /** Requests refused because their client asks too often. */
  rateLimited: Counter;
  streams: Gauge;
  /** Streams that have ended: `left`, `slow`, `expired`, `draining`. */
  streamEnds: Counter<'why'>;
  auditDropped: Counter;
  issuerKeysAgeMs: Gauge<'issuer'>;
  relayed: Counter;
  outboxEntries: Gauge<'partition'>;
  busBehind: Gauge<'partition'>;
  platform: Counter<'connection' | 'event' | 'value'>;
  /** `accepted`, `known`, `hint`, `ignored`; of requests `malformed`, `unauthenticated`. */
  pushes: Counter<'connection' | 'outcome'>;
  /** Readings of a platform compared with the store: `complete`, `failed`. */
  reconcileRuns: Counter<'connection' | 'outcome'>;
  /** `profile`, `presence`, `activity`, `interaction`, `gone`. */
  reconcileDifferences: Counter<'connection' | 'kind'>;
  reconcileOverruled: Counter<'connection'>;
  reconcileMs: Gauge<'connection'>;
  reconcileAgeMs: Gauge<'connection'>;
  /** Checks that queues and records agree: `complete`, `failed`. */
  alignRuns: Counter<'domain' | 'outcome'>;
  /** `missing`, `misplaced`, `stuck`, `unavailable`, `ghost`. */
  alignRepairs: Counter<'domain' | 'kind'>;
  alignMs: Gauge<'domain'>;
  shardUp: Gauge<'shard'>;
  /** 1 while a shard that answers refuses to write, else 0. */
  shardRefuses: Gauge<'shard'>;
  regionAgeMs: Gauge<'of'>;
  clockOffsetMs: Gauge<'of'>;
}

export function createMetrics(region: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ region });
  collectDefaultMetrics({ register: registry });
  const make = makerFor(registry);
  return {
    registry,
    ...metricsOfChanges(make),
    ...metricsOfClaims(make),
    ...metricsOfPlatforms(make),
    ...metricsOfAlignments(make),
    ...metricsOfAccess(make),
    shardUp: make.gauge('shard_up', 'Whether the shard answers its probes', 'shard'),
    shardRefuses: make.gauge('shard_refuses', 'Whether the shard answers, and refuses to write', 'shard'),
    regionAgeMs: make.gauge('region_age_ms', 'How old the knowledge of a region is', 'of'),
    clockOffsetMs: make.gauge('clock_offset_ms', "How far a region's clock is ahead of this instance's", 'of'),
  };
}

function metricsOfChanges({ counter, gauge, latency }: Maker) {
  return {
    events: counter(
      'events_total',
      'Events by what became of them: accepted; applied, duplicate or outdated; rejected; dead_letter',
      'outcome',
    ),
    setAside: counter(
      'set_aside_total',
      'What could not be read or done, for any reason but an outage: messages of the bus, of the outbox, reports of a connection, agents of a reconciler, entries of a stream',
      'place',
    ),
    clamped: counter('timestamps_clamped_total', 'Timestamps more than 5 min in the future, taken as now'),
    propagationMs: latency(
      'propagation_ms',
      'From acceptance in a region to being applied here, by the clocks of both stores',
      'from',
    ),
    relayed: counter('relayed_total', 'Events the bus has confirmed'),
    outboxEntries: gauge('outbox_entries', 'Events waiting for the bus', 'partition'),
    busBehind: gauge('bus_behind', 'Messages of the bus not yet applied here', 'partition'),
  };
}

function metricsOfClaims({ counter, latency }: Maker) {
  return {
    claims: counter('claims_total', 'Claims by outcome: granted, again, none, refused, unavailable', 'outcome'),
    passedOver: counter(
      'claim_passed_over_total',
      'Agents passed over in claims: busy, claimed, held, skill, stale, budget, unreachable',
      'reason',
    ),
    claimMs: latency('claim_duration_ms', 'Time to grant a claim: local, or remote at the home', 'where'),
    conflicts: counter(
      'claim_conflicts_total',
      "Claims granted in a home's stead that met the home's own; overlap: certain or possible",
      'overlap',
    ),
    callConflicts: counter(
      'call_conflicts_total',
      'Calls that had two claims, granted by regions or domains that had not heard of each other: ended (one of them), both_confirmed',
      'outcome',
    ),
    claimEnds: counter(
      'claim_ends_total',
      'Why claims of this region ended: completed, released, refused, lapsed, superseded, platform',
      'reason',
    ),
    settlements: counter(
      'settlements_total',
      'Settlements of claims, a missed alert and a refused call among them: ok, claim_ended, fence_superseded',
      'settlement',
      'outcome',
    ),
    unprovenClaimIds: counter(
      'unproven_claim_ids_total',
      'Ids of claims that were shown and prove nothing: somebody makes them up, or regions have other claims.keys',
    ),
    tokenReads: counter(
      'token_reads_total',
      'Reads that carried a consistency token: known here, waited for, asked of another region, refused',
      'outcome',
    ),
  };
}

function metricsOfPlatforms({ counter, gauge, latency }: Maker) {
  return {
    platform: counter('platform_total', 'What happened on the way to a platform', 'connection', 'event', 'value'),
    pushes: counter(
      'pushes_total',
      'What platforms pushed: facts accepted, or known already; hints (the platform is asked); records ignored; requests malformed, unauthenticated',
      'connection',
      'outcome',
    ),
    assignments: counter(
      'assignments_total',
      'Conversations a platform was told to assign: accepted, refused, unknown (no answer in time), untold (no login, permission or request left)',
      'connection',
      'outcome',
    ),
    readThrough: counter(
      'read_through_agents_total',
      'Agents a platform was asked about because their home was quiet: answered, failed, refused (its breaker is open)',
      'connection',
      'outcome',
    ),
    readThroughMs: latency('read_through_duration_ms', 'Time a platform took to answer for agents', 'connection'),
    reconcileRuns: counter(
      'reconcile_runs_total',
      'Readings of a platform compared with the store: complete, failed',
      'connection',
      'outcome',
    ),
    reconcileDifferences: counter(
      'reconcile_differences_total',
      'What the store did not hold as the platform says: profile, presence, activity, interactions, gone (an agent the platform does not have any more)',
      'connection',
      'kind',
    ),
    reconcileOverruled: counter(
      'reconcile_overruled_total',
      'Differences where the store held something newer for over a minute, and the platform overruled it',
      'connection',
    ),
    reconcileMs: gauge('reconcile_duration_ms', 'How long the last complete reconciliation took', 'connection'),
    reconcileAgeMs: gauge(
      'reconcile_age_ms',
      'Time since the last complete reconciliation ended, told by the instance that runs the connection',
      'connection',
    ),
  };
}

function metricsOfAlignments({ counter, gauge }: Maker) {
  return {
    alignRuns: counter(
      'align_runs_total',
      'Checks that the queues of a domain agree with its records: complete, failed',
      'domain',
      'outcome',
    ),
    alignRepairs: counter(
      'align_repairs_total',
      'Agents put right in a queue: missing, misplaced in line, stuck at the tail, unavailable and yet there, ghost (no record, or not their queue)',
      'domain',
      'kind',
    ),
    alignMs: gauge('align_duration_ms', 'How long the last complete check of a domain took', 'domain'),
  };
}

function metricsOfAccess({ counter, gauge }: Maker) {
  return {
    authentications: counter(
      'authentications_total',
      'Requests that need a token: accepted; missing; malformed, issuer, key, signature, audience, expired, claims (what is wrong with it); scope, region (not allowed with it); unavailable (the keys of its issuer are)',
      'outcome',
    ),
    shed: counter(
      'shed_total',
      'Requests refused because the event loop was too late: lookup, claim (events, too), settlement',
      'work',
    ),
    rateLimited: counter('rate_limited_total', 'Requests refused because their client asks too often'),
    streams: gauge('streams', 'Listeners to GET /v1/stream'),
    streamEnds: counter(
      'stream_ends_total',
      'Streams that have ended: left (the listener), slow (cut off), expired (the token), draining (the instance)',
      'why',
    ),
    auditDropped: counter(
      'audit_dropped_total',
      'Records of the audit that were dropped because they could not be written',
    ),
    issuerKeysAgeMs: gauge('issuer_keys_age_ms', 'Time since an issuer last answered with its keys', 'issuer'),
  };
}
