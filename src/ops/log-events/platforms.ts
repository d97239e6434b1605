import type { LogEvent } from './log-event.ts';

/** Connections to contact-centre platforms. Each line names its `connection`. */
export const PLATFORM_EVENTS = {
  platform_live: {
    level: 'info',
    message: 'Platform connection is live',
    meaning: '`agents` agents were read, and live changes arrive.',
  },
  platform_read_failed: {
    level: 'warn',
    message: 'Platform cannot be read',
    meaning: '`reason` says why. It is retried in `retry_in_ms`, a minute at most.',
    remedy:
      'See [The platform answers 401 or 429](operations.md#the-platform-answers-401-or-429) and `problem` in `GET /v1/connections`.',
  },
  platform_changes_missed: {
    level: 'warn',
    message: 'Changes may have been missed; reading everything again',
    meaning: 'A socket, a token or a queue of reports was lost: see `reason`.',
  },
  platform_poll_failed: {
    level: 'warn',
    message: 'Platform did not answer a poll for changes',
    meaning: 'It is retried with backoff. After several failures a full read follows. `reason` says why.',
  },
  platform_permission_missing: {
    level: 'warn',
    message: 'Platform refuses a request: a permission is missing',
    meaning:
      '`request` was refused with `reason`; `without` names the feature that is lost. Logged once while it lasts.',
    remedy: 'Grant the permission: [Genesys Cloud](permissions-genesys.md), [NICE CXone](permissions-cxone.md).',
  },
  notification_topics_refused: {
    level: 'warn',
    message: 'Platform refuses notification topics',
    meaning:
      'The OAuth client lacks a permission: `topics` counts the topics, `first` is one, `reason` the answer. Their agents are `BUSY` (`NOT_WATCHED`).',
    remedy: 'See [topics](permissions-genesys.md#topics).',
  },
  notification_channel_not_renewed: {
    level: 'warn',
    message: 'Notification channel could not be renewed',
    meaning: 'It is retried; the old channel stays in use meanwhile.',
  },
  notification_malformed: {
    level: 'warn',
    message: 'Notification could not be parsed',
    meaning: '`frame` is its beginning. Counted as `malformed_frame`.',
    remedy: 'Report it with `frame`, if it recurs.',
  },
  utilization_read_failed: {
    level: 'warn',
    message: 'Utilization of an agent cannot be read',
    meaning: 'The last known value stays in use. It is retried with a later full read.',
  },
  platform_list_missing: {
    level: 'warn',
    message: 'Platform does not have a list; continuing without it',
    meaning: 'NICE CXone with an older `apiVersion`; `reason` names the list.',
    remedy: 'Raise `apiVersion` of the connection, if what the list holds is needed.',
  },
  platform_agents_hidden: {
    level: 'warn',
    message: 'Agents are hidden from the API user',
    meaning: '`hidden` counts the agents of NICE CXone that Muster cannot see.',
    remedy: 'Give the user of the access key a view of all agents: [NICE CXone](permissions-cxone.md).',
  },
  platform_value_unknown: {
    level: 'warn',
    message: 'Platform sent an unknown value',
    meaning:
      '`value` is `field:VALUE`, logged once each; `last` marks the last one logged of a connection. It never counts as available: an agent with such a presence or routing status is `BUSY`, with the value as the reason.',
    remedy: 'Compare [states-genesys.md](states-genesys.md), [states-cxone.md](states-cxone.md); report the value.',
  },
  platform_time_without_zone: {
    level: 'warn',
    message: 'Time without a time zone was ignored',
    meaning: '`field` says which. Logged once; all are counted.',
    remedy: 'The platform, or the script that writes the time, must write ISO 8601 with a zone.',
  },
  agent_queues_cut: {
    level: 'warn',
    message: 'Agent is in more queues than a record holds',
    meaning:
      'The last ones are left out: no claim for them finds the agent. Logged once; `cut` in `GET /v1/connections` counts.',
    remedy: 'See [limits](limits.md).',
  },
  agent_skills_cut: {
    level: 'warn',
    message: 'Agent has more skills than a record holds',
    meaning:
      'The last ones are left out: no claim for them finds the agent. Logged once; `cut` in `GET /v1/connections` counts.',
    remedy: 'See [limits](limits.md).',
  },
  agent_text_cut: {
    level: 'warn',
    message: 'Name is longer than a record holds',
    meaning: 'It is shortened. Logged once; `cut` in `GET /v1/connections` counts.',
    remedy: 'See [limits](limits.md).',
  },
  request_budget_split: {
    level: 'warn',
    message: 'Request budget of a platform is not shared by the region',
    meaning:
      'The store does not answer. The platform sync and the readers of each instance send at most `per_minute` requests on their own.',
    remedy: 'See `shard_down`.',
  },
  request_budget_shared: {
    level: 'info',
    message: 'Request budget of a platform is shared by the region again',
    meaning: 'The end of `request_budget_split`.',
  },
  platform_backoff_not_shared: {
    level: 'warn',
    message: 'Platform asks to wait, and other instances could not be told',
    meaning: 'The store does not answer. Each instance waits once the platform refuses its own request.',
    remedy: 'See `shard_down`.',
  },
} as const satisfies Record<string, LogEvent>;
