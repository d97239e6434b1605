import type { LogEvent } from './log-event.ts';

/** The bus between regions: publishing, reading, dead letters. */
export const BUS_EVENTS = {
  bus_write_failed: {
    level: 'warn',
    message: 'Bus cannot be written to',
    meaning: 'The bus is unavailable or full. Changes wait in the outbox of `domain` and are retried.',
    remedy: 'See [The bus is away](operations.md#the-bus-is-away).',
  },
  bus_write_resumed: {
    level: 'info',
    message: 'Bus can be written to again',
    meaning: 'The end of `bus_write_failed`: the outbox of `domain` drains.',
  },
  outbox_read_failed: {
    level: 'warn',
    message: 'Outbox cannot be read',
    meaning:
      'The shard of `domain` is unavailable, or no replica has acknowledged what was read. Its changes are not published; it is retried.',
    remedy: 'See `shard_down`.',
  },
  outbox_read_resumed: {
    level: 'info',
    message: 'Outbox can be read again',
    meaning: 'The end of `outbox_read_failed`: the outbox of `domain` drains.',
  },
  bus_read_failed: {
    level: 'warn',
    message: 'Bus cannot be read',
    meaning: 'It is retried; messages wait on the bus. `reason` is the error in one line.',
    remedy: 'See [The bus is away](operations.md#the-bus-is-away).',
  },
  bus_read_resumed: {
    level: 'info',
    message: 'Bus can be read again',
    meaning: 'The end of `bus_read_failed`.',
  },
  bus_batch_not_applied: {
    level: 'warn',
    message: 'Batch of messages was not applied',
    meaning: 'The store or the bus was unavailable. It is retried; `partition` waits.',
    remedy: 'See `shard_down`, `bus_write_failed`.',
  },
  bus_position_not_saved: {
    level: 'warn',
    message: 'Read position was not saved on the bus',
    meaning:
      'It is retried. If the instance ends before it succeeds, messages of `partition` are read twice, which does no harm.',
  },
  bus_messages_lost: {
    level: 'error',
    message: 'Messages were deleted from the bus before they were read',
    meaning:
      'This region did not read for longer than the topic retains messages. It continues with the oldest message that is left; `offset` is the first one that it missed.',
    remedy: 'See [Retention](kafka.md#retention).',
  },
  bus_partitions_assigned: {
    level: 'debug',
    message: 'Partitions are assigned',
    meaning: 'The consumer group `group` gave this instance `partitions`.',
  },
  bus_leave_failed: {
    level: 'debug',
    message: 'Leaving the consumer group failed',
    meaning: 'The group removes this instance when its session times out.',
  },
  relay_signal_failed: {
    level: 'debug',
    message: 'Relay was not notified of a new change',
    meaning: 'It publishes the change when it next reads the domain.',
  },
  set_aside: {
    level: 'warn',
    message: 'Item was set aside and processing continues',
    meaning: '`place` and `from` say where it was found, `key` is its key, `reason` the error.',
    remedy: 'See [Dead letters](operations.md#dead-letters).',
  },
  dead_letter_not_written: {
    level: 'error',
    message: 'Dead letter cannot be written',
    meaning: 'The bus refuses it, even shortened. This line is the only copy: `key`, `value` and `reason`.',
    remedy: 'Keep the line. `err` says why the bus refuses it.',
  },
  set_aside_count_not_read: {
    level: 'debug',
    message: 'Count of items that other instances set aside could not be read',
    meaning: '`set_aside` of `GET /v1/regions` counts this instance only.',
  },
  set_aside_count_not_written: {
    level: 'debug',
    message: 'Count of items set aside could not be shared with other instances',
    meaning: '`set_aside` of `GET /v1/regions` of other instances is too low until the next item is set aside.',
  },
} as const satisfies Record<string, LogEvent>;
