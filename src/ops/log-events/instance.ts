import type { LogEvent } from './log-event.ts';

/** Start, stop, access, and the files that an instance writes. */
export const INSTANCE_EVENTS = {
  instance_starting: {
    level: 'info',
    message: 'Instance is starting',
    meaning:
      '`version`, `revision`, `kind` and, for a package, `built_at` name the build; `node` is the version of Node.js.',
  },
  instance_ready: {
    level: 'info',
    message: 'Instance is ready',
    meaning: 'It listens at `url` and accepts requests.',
  },
  instance_stopped: {
    level: 'info',
    message: 'Instance has stopped',
    meaning: 'It has finished its work and released its leases.',
  },
  process_kept_alive: {
    level: 'error',
    message: 'Process did not end by itself and is terminated',
    meaning: 'The instance has stopped, but the resources in `kept` were still open 3 s later. No work is lost.',
    remedy: 'Report it with `kept`.',
  },
  topic_check_failed: {
    level: 'warn',
    message: 'Topic was not checked; starting without the bus',
    meaning: 'The bus cannot be reached, or on Kafka `topic` does not exist.',
    remedy:
      'Run `muster config check --online`; on Kafka also `muster topics check`. See [Muster on Kafka](kafka.md#topics).',
  },
  auth_not_configured: {
    level: 'warn',
    message: 'No authentication is configured',
    meaning: 'Every process on this machine can claim agents and report events. The instance listens on loopback only.',
    remedy: 'If a proxy passes requests on to it, [configure `auth`](security.md).',
  },
  claim_keys_not_configured: {
    level: 'warn',
    message: 'No keys for claim ids are configured',
    meaning: 'Every caller of this instance can forge claim ids. Expected where `auth` is not configured.',
    remedy: 'Set [`claims.keys`](configuration.md#claims) in all regions.',
  },
  issuer_keys_unavailable: {
    level: 'warn',
    message: 'Keys of a token issuer cannot be fetched',
    meaning: 'The keys at `url` that are already known stay valid for 4 h after the last answer.',
    remedy: 'Check the network path to `url`, and the issuer.',
  },
  issuer_keys_available: {
    level: 'info',
    message: 'Keys of a token issuer can be fetched again',
    meaning: 'The end of `issuer_keys_unavailable`.',
  },
  issuer_keys_changed: {
    level: 'info',
    message: 'Token issuer has published new keys',
    meaning: '`keys` are their ids. Logged after the start, too, when they are fetched for the first time.',
  },
  audit_write_failed: {
    level: 'error',
    message: 'Audit cannot be written',
    meaning:
      'Up to 16 MiB of records wait, then records are dropped: `muster_audit_records_dropped_total` counts them.',
    remedy: 'Check the disk and the permissions of `file`; without `file` the audit goes to standard error.',
  },
  history_write_failed: {
    level: 'error',
    message: 'History cannot be written and ends here',
    meaning: 'The instance continues without a history. `reason` is the error.',
    remedy: 'Check the disk that holds `file`.',
  },
  unexpected_error: {
    level: 'error',
    message: 'Unexpected error',
    meaning: 'A defect. The request was answered with 500 `internal`; `request_id` is also in the answer.',
    remedy: 'Report it with the line.',
  },
  idempotent_answer_not_stored: {
    level: 'debug',
    message: 'Answer to a request with an idempotency key was not stored',
    meaning: 'A repetition of the request will be carried out again.',
  },
  outbox_count_failed: {
    level: 'debug',
    message: 'Outbox could not be counted',
    meaning: '`muster_outbox_entries` keeps its last value.',
  },
  outbox_not_passed: {
    level: 'debug',
    message: 'Published changes could not be passed at the stop',
    meaning: 'The next relay publishes them again, which does no harm.',
  },
  bus_lag_count_failed: {
    level: 'debug',
    message: 'Lag on the bus could not be read',
    meaning: '`muster_bus_behind` keeps its last value.',
  },
  live_instances_unknown: {
    level: 'debug',
    message: 'Live instances could not be read while stopping',
    meaning: 'If this was the last instance of the region, the other regions see it as `stale`, not as `left`.',
  },
} as const satisfies Record<string, LogEvent>;
