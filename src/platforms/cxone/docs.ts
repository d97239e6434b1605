import { statusOf } from '../../agent/status.ts';
import {
  AGENT_STATES,
  AVAILABLE,
  COMMON_CODES,
  LOGGED_OUT,
  MEDIA_TYPES,
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

/** docs/states-cxone.md, made from the tables: what each state, code and media type of CXone is in Muster. */
export function renderStateDocs(): string {
  const states = AGENT_STATES.map(({ id, name, rule }) => `| ${id ?? '–'} | ${name} | ${ruleInWords(rule)} |`);
  const reserved = RESERVED_CODES.map(({ id, name, meaning }) => `| ${id} | ${name} | ${inWords(meaning)} |`);
  const common = Object.entries(COMMON_CODES).map(([name, reason]) => `| ${name} | ${inWords(paused(reason))} |`);
  const media = MEDIA_TYPES.map(({ id, name, media: type }) => `| ${id} | ${name} | \`${type}\` |`);
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

/** A meaning by what comes of it, the two registers behind it in brackets. */
function inWords({ presence, activity }: Meaning): string {
  const doing = activity === 'AT_REST' ? ({ state: 'IDLE' } as const) : activity;
  const version = { at: 1, id: '' };
  const { status, reason } = statusOf({ presence: { ...presence, ...version }, activity: { ...doing, ...version } }, 1);
  return `\`${status}\`${reason ? ` \`${reason}\`` : ''} (${presence.state}, ${doing.state})`;
}

function ruleInWords(rule: StateRule): string {
  switch (rule) {
    case 'READY':
      return `${inWords(AVAILABLE)}; with contacts open ${inWords(PARTIAL_LOAD)}, unless the agent’s capacity has room`;
    case 'LIVE':
      return `${inWords(ON_CALL)}; with a contact of another medium than voice ${inWords(ON_CONTACT)}`;
    case 'CODE':
      return 'what the unavailable code says';
    default:
      return inWords(rule);
  }
}

const UNKNOWN = '`BUSY` with its name as the reason, and counted; never `AVAILABLE`';

const INTRODUCTION = `# The states of NICE CXone

<!-- Rendered from src/platforms/cxone/mapping.ts; \`npm run docs\` writes it anew. -->

A row of \`agents/states\` is read from top to bottom; the first that fits decides:

1. The account is not active, or the state is LoggedOut: ${inWords(LOGGED_OUT)}. An agent who is missing in a complete list
   of states is that, too; one who is missing among changes has not changed.
2. \`isACW\`, whatever the state: ${inWords(wrappingUp())}.
3. LoggedIn. 4. Available without an out-state.
5. An out-state of the platform’s own, whatever the state.
6. The state; for Unavailable its code, as the config says, else by name, else as the teams’ lists flag it.

Names are compared without regard to case, spaces and punctuation. Brackets name the two registers that a state sets:
presence and activity. While CXone gives an agent nothing, in Unavailable and in after-contact work, the presence is PAUSED
whatever the table says, so that no capacity makes room; so it is where contacts are open that no list has named yet.`;

const RESERVED = `## Out-states of the platform’s own

No setting changes what these mean.`;

const CODES = `## Unavailable codes

The customer’s own are named in the config, at \`connections.<name>.unavailableCodes\`, by name or id, with a reason and one of
three states: \`PAUSED\`, \`OFF_DUTY\` or \`WRAP_UP\`. Nothing in the config makes an unavailable agent available.`;

const OTHER_CODES = [
  `| flagged as after-contact work in a team’s list | ${inWords(wrappingUp())} |`,
  `| Unavailable, or none | ${inWords(paused('UNAVAILABLE'))} |`,
  `| other | ${inWords(paused('UNAVAILABLE (417 Coaching)'))}, with its own id and name |`,
];

const MEDIA = `## Media types

A contact of any other type counts as a call, and is counted in \`muster_platform_anomalies_total{kind="unknown_value"}\`.`;

const CONTACTS = `## Contacts

A contact is its agent’s while its state’s category, in the tenant’s own dictionary, contains “With Agent”; these states are
known besides.`;

const OTHER_CONTACTS = [
  '| other | not taken by the agent who is named | `ALERTING` |',
  '| – | the agent is in after-contact work on it | `WRAP_UP` |',
  '| – | gone, with somebody else, or left behind by the agent’s state | `ENDED` |',
];
