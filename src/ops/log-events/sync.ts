import type { LogEvent } from './log-event.ts';

/** Replication and platform sync: events, heartbeats, full reads, expiry, index checks. */
export const SYNC_EVENTS = {
  timestamp_clamped: {
    level: 'warn',
    message: 'Timestamp lies in the future',
    meaning: 'The event `event_id` is `ahead_ms` ahead of this region and is applied with the current time.',
    remedy: "Correct the sender's clock.",
  },
  interactions_not_pruned: {
    level: 'debug',
    message: 'Old interactions of an agent were not removed',
    meaning: 'The next change of the agent retries it.',
  },
  heartbeat_not_written: {
    level: 'debug',
    message: 'Heartbeat was not written',
    meaning: 'The store or the bus is unavailable. If it lasts, other regions see this one as `suspect`, then `stale`.',
  },
  host_stood_still: {
    level: 'warn',
    message: 'The host of this instance stood still',
    meaning:
      'The host was suspended, or its virtual machine was paused or migrated, for at least `at_least_ms`: `reference` went on, and the monotonic clock did not. Ages of other regions are unknown until their next heartbeats, a second or two. If another clock was set ahead, `reference_clock_leapt` follows.',
    remedy: 'Find out what paused the host. See [A host stood still](operations.md#a-host-stood-still).',
  },
  reference_clock_leapt: {
    level: 'warn',
    message: 'Another clock leapt ahead, and this host did not stand still',
    meaning:
      '`reference` leapt by `by_ms` and other clocks did not, so `host_stood_still` was probably a false alarm. For 10 minutes its leaps alone are no alarm.',
    remedy: 'Check the time synchronisation of the named host.',
  },
  watermarks_not_read: {
    level: 'debug',
    message: 'Watermarks of a region could not be read',
    meaning:
      'Watermarks of `peer` that other instances received are not known here, so `peer` may look older than it is.',
  },
  positions_not_written: {
    level: 'debug',
    message: 'Applied positions of a region could not be written',
    meaning: 'The next heartbeat of `peer` writes newer ones. Reads with a token may wait meanwhile.',
  },
  platform_report_not_accepted: {
    level: 'warn',
    message: 'Report of a platform was not accepted',
    meaning: 'The store cannot be written, or its outbox is full. The report waits and is retried.',
    remedy: 'See `shard_down`, `shard_refuses_writes`.',
  },
  platform_report_not_replicated: {
    level: 'warn',
    message: 'No replica has the latest platform reports',
    meaning: 'They are applied, and sent again until a replica has acknowledged them.',
    remedy: 'Check the replicas: `GET /v1/regions` shows them.',
  },
  platform_reports_replicated: {
    level: 'info',
    message: 'A replica has all platform reports again',
    meaning: 'The end of `platform_report_not_replicated`.',
  },
  platform_report_not_restored: {
    level: 'debug',
    message: 'Platform report could not be applied again',
    meaning: 'It is tried again. No replica has it, and a failover may have taken it from the master.',
  },
  platform_report_dropped: {
    level: 'warn',
    message: 'Report of a platform was dropped',
    meaning: 'It failed for a reason that a retry cannot mend. The next full read reports the agent again.',
  },
  first_reading_timeout: {
    level: 'warn',
    message: 'Platforms have not been read in time; starting with what is known',
    meaning:
      'The instance has waited for `freshness.staleMs`. Until `connections` are read, claims may return agents who went off duty meanwhile.',
    remedy: 'See `problem` of the connection in `GET /v1/connections`.',
  },
  first_reading_progress: {
    level: 'info',
    message: 'First reading of a platform is in progress',
    meaning:
      '`detail` describes the progress, every 5 s; `agents`, `about`, `step` and `for_ms` hold the same as values.',
  },
  connection_health_not_written: {
    level: 'debug',
    message: 'Health of a connection could not be written',
    meaning: '`ingest` of `GET /v1/connections` is out of date on other instances.',
  },
  reconciliation_delayed: {
    level: 'warn',
    message: 'Store cannot be compared with the platform',
    meaning: 'A shard does not answer. The comparison waits and is retried.',
    remedy: 'See `shard_down`.',
  },
  reconciliation_ended: {
    level: 'debug',
    message: 'Reconciliation has ended',
    meaning: '`report` holds the same fields as in `GET /v1/connections`; `failed` says why it did not complete.',
  },
  reconciliation_report_not_written: {
    level: 'debug',
    message: 'Report of a reconciliation could not be written',
    meaning: '`GET /v1/connections` shows an older one.',
  },
  agent_forgotten: {
    level: 'info',
    message: 'Agent was forgotten: the platform no longer has the user',
    meaning: '`agent` is removed in all regions.',
  },
  agents_expired: {
    level: 'info',
    message: 'Agents without reports for a long time were forgotten',
    meaning:
      '`forgotten` agents homed here were offline without reports for `agents.forgetAfterDays`; `removed` records were deleted for good.',
  },
  expiry_check_failed: {
    level: 'debug',
    message: 'Domain was not searched for agents without recent reports',
    meaning: 'The next round searches it.',
  },
  queues_repaired: {
    level: 'warn',
    message: 'Queues did not match records and were repaired',
    meaning: '`domain` and the counts say what was wrong. Expected once after `queues` in the config changed.',
    remedy: 'Otherwise another application writes to the cluster, or it is a defect: report it.',
  },
  queue_check_failed: {
    level: 'debug',
    message: 'Queues of a domain could not be compared with records',
    meaning: 'The next round compares them.',
  },
  another_store: {
    level: 'warn',
    message: 'Another store serves the region',
    meaning:
      '`peer` hears of store `theirs` of `domain` under the name of this region, and this instance has another one. It does not start while that lasts.',
    remedy:
      'If the store was emptied or replaced, the old one is not heard of any more after `freshness.suspectMs`. Otherwise two clusters have one region name: correct `region` or `redis.nodes`.',
  },
  records_converted: {
    level: 'info',
    message: 'Records were written in the new format of their store',
    meaning: '`records` of `domain` had another format: see docs/upgrades.md.',
  },
  conversion_failed: {
    level: 'debug',
    message: 'Records of a domain could not be converted to the format of its store',
    meaning: 'The next round goes on. Records of the other format are read all the same.',
  },
  versions_not_read: {
    level: 'debug',
    message: 'The formats of the other instances could not be read',
    meaning: 'This instance tells other regions that messages of the newest format may come.',
  },
} as const satisfies Record<string, LogEvent>;
