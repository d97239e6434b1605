import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * All metrics of an instance; their help texts describe them. Names and labels follow the conventions of Prometheus: base
 * units, `_total` for counters. No label holds the id of an agent, a call or an event.
 */
export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(region: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ region });
  collectDefaultMetrics({ register: registry });
  const make = makerFor(registry);
  return {
    registry,
    ...metricsOfProcess(make),
    ...metricsOfChanges(make),
    ...metricsOfClaims(make),
    ...metricsOfReads(make),
    ...metricsOfPlatforms(make),
    ...metricsOfReconciliation(make),
    ...metricsOfAccess(make),
    ...metricsOfStores(make),
  };
}

function metricsOfProcess({ counter, gauge }: Maker) {
  return {
    buildInfo: gauge(
      'build_info',
      'Always 1; the labels say which build of Muster runs. Kind: package, checkout, unknown.',
      'version',
      'revision',
      'kind',
    ),
    hostStandstills: counter(
      'host_standstills_total',
      'Times that the host of this instance was found to have stood still together with its monotonic clock.',
    ),
  };
}

function metricsOfChanges({ counter, gauge, histogram }: Maker) {
  return {
    events: counter(
      'events_total',
      'Events by outcome. On arrival: accepted, rejected. When applied: applied, duplicate, outdated, dead_letter (cannot be read or applied).',
      'outcome',
    ),
    setAside: counter(
      'set_aside_total',
      'Items that were set aside because they could not be read or processed, by place: bus, outbox (messages), connection (reports), reconciler (agents), stream (entries).',
      'place',
    ),
    clamped: counter('timestamps_clamped_total', 'Timestamps more than 5 minutes ahead, replaced by the current time.'),
    propagation: histogram(
      'propagation_seconds',
      'Time from acceptance in another region to being applied here, by the clocks of the two stores.',
      'from_region',
    ),
    relayed: counter('events_relayed_total', 'Changes that the bus has acknowledged, by domain.', 'domain'),
    relayFailures: counter(
      'relay_failures_total',
      'Failed attempts to publish the changes of a domain, by cause: store, bus. They are repeated.',
      'domain',
      'cause',
    ),
    relaying: gauge('relaying', 'Whether this instance publishes the changes of the domain: 1 or 0.', 'domain'),
    unpublished: counter(
      'events_unpublished_total',
      'Platform reports that other regions do not learn of, because too much waited for the bus.',
    ),
    outboxEntries: gauge('outbox_entries', 'Changes that wait until the relay has passed them, by domain.', 'domain'),
    outboxAge: gauge(
      'outbox_oldest_age_seconds',
      'Age of the oldest change that waits until the relay has passed it, by domain; 0 if none does. The last one is passed within a second.',
      'domain',
    ),
    leftOut: gauge(
      'outbox_left_out_changes',
      'Changes of claims that other regions do not learn of, because too much waited for the bus, by domain, since its store was created.',
      'domain',
    ),
    busBehind: gauge('bus_behind_messages', 'Messages on the bus that are not applied here yet.', 'partition'),
  };
}

function metricsOfClaims({ counter, histogram }: Maker) {
  return {
    claims: counter(
      'claims_total',
      'Claims by outcome: granted, again (repeated by the same call), none (no agent available), refused, unavailable (the store failed).',
      'outcome',
    ),
    passedOver: counter(
      'claim_passed_over_total',
      'Agents passed over by claims, by reason: busy, claimed, held, skill, stale, budget, unreachable.',
      'reason',
    ),
    claimDuration: histogram(
      'claim_duration_seconds',
      'Time to grant a claim, by the region that granted it: local, remote.',
      'grant',
    ),
    conflicts: counter(
      'claim_conflicts_total',
      "Claims granted on a home's behalf that met a claim of the home, by overlap: certain, possible.",
      'overlap',
    ),
    callConflicts: counter(
      'call_conflicts_total',
      'Calls that got two claims from regions or domains out of contact with each other, by outcome: ended (one of the claims), both_confirmed.',
      'outcome',
    ),
    claimEnds: counter(
      'claim_ends_total',
      'Claims of this region that ended, by reason: completed, released, refused, lapsed, superseded, platform.',
      'reason',
    ),
    settlements: counter(
      'settlements_total',
      'Settlements of claims, by settlement: confirm, renew, release, complete, refused, missed, lapse, supersede. Outcome: ok, claim_ended, fence_superseded.',
      'settlement',
      'outcome',
    ),
    unprovenClaimIds: counter(
      'unproven_claim_ids_total',
      'Claim ids without a valid signature of a known key: they are forged, or claims.keys differs between regions.',
    ),
  };
}

function metricsOfReads({ counter, histogram }: Maker) {
  return {
    tokenReads: counter(
      'token_reads_total',
      'Reads with a consistency token, by outcome: here (without waiting), waited, asked (answered by another region), refused.',
      'outcome',
    ),
    readThrough: counter(
      'read_through_agents_total',
      'Agents in queries to their platform, by outcome: answered, failed, refused (its circuit breaker is open).',
      'connection',
      'outcome',
    ),
    readThroughDuration: histogram(
      'read_through_duration_seconds',
      'Time that a platform took to answer a query.',
      'connection',
    ),
  };
}

function metricsOfPlatforms({ counter }: Maker) {
  return {
    platformAnomalies: counter(
      'platform_anomalies_total',
      'Anomalies in the exchange with a platform, by kind: unknown_value, malformed_frame, mended_text, cut, zoneless_time, throttled, out_of_budget, request_failed, resync. The value is the field, status or cause.',
      'connection',
      'kind',
      'value',
    ),
    pushes: counter(
      'pushes_total',
      'Pushes of platforms, by outcome. Facts: accepted, known. Agents to query: hint. Records: ignored. Requests: malformed, unauthenticated.',
      'connection',
      'outcome',
    ),
    assignments: counter(
      'assignments_total',
      'Requests to a platform to assign a conversation, by outcome: accepted, refused, unknown (no answer in time), not_sent (no login, permission or request left).',
      'connection',
      'outcome',
    ),
  };
}

function metricsOfReconciliation({ counter, gauge }: Maker) {
  return {
    reconcileRuns: counter(
      'reconcile_runs_total',
      'Comparisons of the store with a platform, by outcome: complete, failed.',
      'connection',
      'outcome',
    ),
    reconcileDifferences: counter(
      'reconcile_differences_total',
      'Differences between the store and a platform, by kind: profile, presence, activity, interactions, gone (the platform no longer has the agent).',
      'connection',
      'kind',
    ),
    reconcileOverruled: counter(
      'reconcile_overruled_total',
      'Differences where the store held a newer value for over a minute, and the value of the platform replaced it.',
      'connection',
    ),
    reconcileDuration: gauge(
      'reconcile_duration_seconds',
      'Duration of the last complete reconciliation.',
      'connection',
    ),
    reconcileAge: gauge(
      'reconcile_age_seconds',
      'Time since the last complete reconciliation ended, reported by the instance that runs the connection.',
      'connection',
    ),
    alignRuns: counter(
      'align_runs_total',
      'Comparisons of the queues of a domain with its records, by outcome: complete, failed.',
      'domain',
      'outcome',
    ),
    alignRepairs: counter(
      'align_repairs_total',
      'Repaired queue entries, by kind: missing, misplaced, stuck (at the tail), unavailable (but queued), ghost (no record, or not their queue).',
      'domain',
      'kind',
    ),
    alignDuration: gauge(
      'align_duration_seconds',
      'Duration of the last complete comparison of the queues of a domain with its records.',
      'domain',
    ),
  };
}

function metricsOfAccess({ counter, gauge }: Maker) {
  return {
    authentications: counter(
      'authentications_total',
      'Requests that need a token, by outcome: accepted. No token: missing. Invalid token: malformed, issuer, key, signature, audience, expired, claims. Not allowed: scope, region. No keys of the issuer: unavailable.',
      'outcome',
    ),
    shed: counter(
      'requests_shed_total',
      'Requests refused because the event loop was too late, by work: lookup, claim (and events), settlement.',
      'work',
    ),
    rateLimited: counter(
      'requests_rate_limited_total',
      'Requests refused because their client exceeded its rate limit.',
    ),
    streams: gauge('streams', 'Open streams of GET /v1/stream.'),
    streamEnds: counter(
      'stream_ends_total',
      'Streams that ended, by reason: left (closed by the client), slow (the client cannot keep up), expired (its token), draining (the instance stops).',
      'reason',
    ),
    auditDropped: counter(
      'audit_records_dropped_total',
      'Audit records that were dropped because they could not be written.',
    ),
    issuerKeysAge: gauge('issuer_keys_age_seconds', 'Time since an issuer last answered with its keys.', 'issuer'),
  };
}

function metricsOfStores({ gauge }: Maker) {
  return {
    shardUp: gauge('shard_up', '1 if the shard answers its probes, else 0.', 'shard'),
    shardRefuses: gauge('shard_refuses_writes', '1 if the shard answers but refuses writes, else 0.', 'shard'),
    regionAge: gauge(
      'region_age_seconds',
      'Age of the data of a region, by its oldest partition; 0 for the own region.',
      'of_region',
    ),
    clockOffset: gauge(
      'clock_offset_seconds',
      'How far the clock of a region is ahead of the clock of this instance; negative if behind.',
      'of_region',
    ),
  };
}

type Maker = ReturnType<typeof makerFor>;

/** 0.1 ms to 65 s in steps of about 1.5: fine enough for a p99. */
const BUCKETS_SECONDS = Array.from({ length: 34 }, (_, i) => Number((1e-4 * 1.5 ** i).toPrecision(2)));

/** Makes metrics of a registry, with the prefix `muster_`. test/ops/metrics.test.ts checks their names. */
function makerFor(registry: Registry) {
  const registers = [registry];
  return {
    counter: <T extends string>(name: string, help: string, ...labelNames: T[]) =>
      new Counter({ name: `muster_${name}`, help, labelNames, registers }),
    gauge: <T extends string>(name: string, help: string, ...labelNames: T[]) =>
      new Gauge({ name: `muster_${name}`, help, labelNames, registers }),
    /** A histogram of durations; the name must end in `_seconds`. */
    histogram: <T extends string>(name: string, help: string, ...labelNames: T[]) =>
      new Histogram({ name: `muster_${name}`, help, labelNames, registers, buckets: BUCKETS_SECONDS }),
  };
}
