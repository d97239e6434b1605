import type { AlignmentOfDomain, ConnectionReport, ConnectionsReport, IngestReport } from '../../contract/operators.ts';
import type { ReconcileReport } from '../../sync/mirroring/connection-notes.ts';
import type { ConnectionState } from '../../sync/mirroring/connections.ts';
import type { AlignmentReport } from '../../sync/upkeep/alignments.ts';
import type { Ground } from '../ground.ts';
import { told } from '../start.ts';
import type { Sync } from '../sync.ts';

/** All connections of the configuration, with the state of those homed here. @throws ShardUnavailable */
export async function reportOnConnections(
  { config, instance, clock }: Ground,
  { connections, alignments }: Sync,
): Promise<ConnectionsReport> {
  const [states, reports] = await Promise.all([connections.states(), alignments.reports()]);
  return {
    region: config.region,
    instance,
    connections: Object.entries(config.connections).map(
      ([connection, { platform, home, domain }]): ConnectionReport => {
        const state = states.find(({ name }) => name === connection);
        const ingest = state && ingestOf(state, clock.nowMs());
        return { connection, platform, home, domain, ...(ingest && { ingest }) };
      },
    ),
    domains: [...reports].map(([domain, report]) => ({ domain, alignment: report ? alignmentOf(report) : null })),
  };
}

function ingestOf({ instance, ingest, reconciliation }: ConnectionState, nowMs: number): IngestReport {
  const health = ingest && {
    connected: ingest.connected,
    agents: ingest.agents,
    read_age_ms: ingest.lastSnapshotMs === undefined ? null : nowMs - ingest.lastSnapshotMs,
    ...(ingest.reading && { reading: told(ingest.reading) }),
    ...(ingest.problem && { problem: ingest.problem }),
    ...(ingest.cut && { cut: ingest.cut }),
    ...(ingest.zonelessTimes !== undefined && { zoneless_times: ingest.zonelessTimes }),
  };
  return {
    instance: instance ?? null,
    health: health ?? null,
    reconciliation: reconciliation ? reconciliationOf(reconciliation) : null,
  };
}

function reconciliationOf(report: ReconcileReport): NonNullable<IngestReport['reconciliation']> {
  const { atMs, tookMs, checked, differed, byKind, overruled, failed } = report;
  return { at: atMs, took_ms: tookMs, checked, differed, by_kind: byKind, overruled, ...(failed && { failed }) };
}

function alignmentOf({ atMs, tookMs, ...report }: AlignmentReport): AlignmentOfDomain {
  return { ...report, at: atMs, took_ms: tookMs };
}
