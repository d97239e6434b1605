import { statusOf } from '../../agent/status.ts';
import {
  AGENT_STATES,
  AVAILABLE,
  COMMON_CODES,
  LOGGED_OUT,
  MEDIA_ENTRIES,
  type Meaning,
  ON_CALL,
  ON_CONTACT,
  PARTIAL_LOAD,
  paused,
  RESERVED_CODES,
  type StateRule,
  WITH_AGENT,
  wrappingUp,
} from './mapping.ts';

/** docs/states-cxone.md, rendered from the tables: the meaning of each state, code and media type of CXone in Muster. */
export function renderStateDocs(): string {
  const states = AGENT_STATES.map(({ id, name, rule }) => `| ${id ?? '–'} | ${name} | ${describeRule(rule)} |`);
  const reserved = RESERVED_CODES.map(({ id, name, meaning }) => `| ${id} | ${name} | ${describe(meaning)} |`);
  const common = Object.entries(COMMON_CODES).map(([name, reason]) => `| ${name} | ${describe(paused(reason))} |`);
  const media = MEDIA_ENTRIES.map(({ id, name, media: type }) => `| ${id} | ${name} | \`${type}\` |`);
  const contacts = WITH_AGENT.map(({ id, name }) => `| ${id} | ${name} | \`CONNECTED\` |`);
  return `${[
    INTRODUCTION,
    table('## Agent states', '| id | name | in Muster |', [...states, `| other | other | ${UNKNOWN} |`]),
    table(RESERVED, '| out-state | name | in Muster |', reserved),
    table(CODES, '| name | in Muster |', [...common, ...OTHER_CODES]),
    table(MEDIA, '| id | name | media type |', media),
    table(CONTACTS, '| state | name | interaction |', [...contacts, ...OTHER_CONTACTS]),
  ].join('\n\n')}\n`;
}

const table = (title: string, head: string, rows: string[]): string =>
  [title, '', head, head.replace(/[^|]+/g, '---'), ...rows].join('\n');

/** Status of a meaning, with presence and activity in brackets. */
function describe({ presence, activity }: Meaning): string {
  const doing = activity === 'AT_REST' ? ({ state: 'IDLE' } as const) : activity;
  const version = { at: 1, id: '' };
  const { status, reason } = statusOf({ presence: { ...presence, ...version }, activity: { ...doing, ...version } }, 1);
  return `\`${status}\`${reason ? ` \`${reason}\`` : ''} (${presence.state}, ${doing.state})`;
}

function describeRule(rule: StateRule): string {
  switch (rule) {
    case 'READY':
      return `${describe(AVAILABLE)}; with contacts open ${describe(PARTIAL_LOAD)}, unless the agent has free capacity`;
    case 'LIVE':
      return `${describe(ON_CALL)}; with a contact of another media type than voice ${describe(ON_CONTACT)}`;
    case 'CODE':
      return 'meaning of the unavailable code';
    default:
      return describe(rule);
  }
}

const UNKNOWN = '`BUSY` with its name as the reason, and counted; never `AVAILABLE`';

const INTRODUCTION = `# The states of NICE CXone

<!-- Rendered from src/platforms/cxone/mapping.ts; \`npm run docs\` updates it. -->

For a row of \`agents/states\` the first rule that applies decides:

1. The account is not active, or the state is LoggedOut: ${describe(LOGGED_OUT)}. The same for an agent who is missing in a complete list
   of states; one who is missing in a list of changes has not changed.
2. \`isACW\`, whatever the state: ${describe(wrappingUp())}.
3. LoggedIn. 4. Available without an out-state.
5. A built-in out-state, whatever the state.
6. The state. For Unavailable its code: as configured, otherwise by name, otherwise as flagged in the teams’ lists.

Names are compared without case, spaces and punctuation. Brackets show the presence and activity that a state sets. In
Unavailable and in after-contact work CXone assigns no contacts, so the presence is PAUSED regardless of the table and the agent
has no free capacity. The same applies while contacts are open that are in no list yet.`;

const RESERVED = `## Built-in out-states

Their meaning cannot be configured.`;

const CODES = `## Unavailable codes

Custom codes are configured at \`connections.<name>.unavailableCodes\`, by name or id, with a reason and one of three states:
\`PAUSED\`, \`OFF_DUTY\` or \`WRAP_UP\`. No setting makes an unavailable agent available.`;

const OTHER_CODES = [
  `| flagged as after-contact work in a team’s list | ${describe(wrappingUp())} |`,
  `| Unavailable, or none | ${describe(paused('UNAVAILABLE'))} |`,
  `| other | ${describe(paused('UNAVAILABLE (417 Coaching)'))}, with its own id and name |`,
];

const MEDIA = `## Media types

A contact of any other type counts as a call, and is counted in \`muster_platform_anomalies_total{kind="unknown_value"}\`.`;

const CONTACTS = `## Contacts

An agent has a contact while the category of its state, in the tenant’s dictionary, contains “With Agent”. These states are built
in.`;

const OTHER_CONTACTS = [
  '| other | not taken by the named agent | `ALERTING` |',
  '| – | the agent does after-contact work on it | `WRAP_UP` |',
  '| – | gone, with another agent, or the agent’s state has moved on | `ENDED` |',
];
