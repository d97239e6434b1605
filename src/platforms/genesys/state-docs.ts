import { statusOf } from '../../agent/status.ts';
import { PRESENCES, ROUTING_STATUSES } from './mapping.ts';
import type { UserPayload } from './payloads.ts';
import { Translator } from './translator.ts';

/** Values of a user on the platform. */
export interface UserValues {
  /** State of the user: `active`, `inactive`, `deleted`. */
  state: string;
  presence: string | undefined;
  routingStatus: string;
  /** Counted ACD work. */
  work: { active: number; acw: number };
}

/** Combinations of values with one meaning. */
interface Combination {
  states?: string[];
  presences: (string | undefined)[];
  routingStatuses: string[];
  work?: { active: number; acw: number }[];
  /** Meaning for the agent. */
  says: string;
}

const NO_WORK = { active: 0, acw: 0 };
const ACTIVE = { active: 1, acw: 0 };
const AFTER_CALL = { active: 0, acw: 1 };
const BOTH = { active: 1, acw: 1 };
const ANY_WORK = [NO_WORK, ACTIVE, AFTER_CALL, BOTH];
const ON_QUEUE = ['On Queue'];
const OFF_QUEUE = Object.keys(PRESENCES).filter((name) => name !== 'On Queue' && name !== 'Offline');
const ANY_STATUS = Object.keys(ROUTING_STATUSES);
const NOT_WORKING = ['OFF_QUEUE', 'IDLE', 'NOT_RESPONDING'];

/** All combinations of user state, presence, routing status and counts of work. */
export const COMBINATIONS: Combination[] = [
  {
    states: ['inactive', 'deleted'],
    presences: [...Object.keys(PRESENCES), undefined],
    routingStatuses: ANY_STATUS,
    work: ANY_WORK,
    says: 'is no longer a user',
  },
  { presences: [undefined], routingStatuses: ANY_STATUS, work: ANY_WORK, says: 'unknown; read again' },
  { presences: ['Offline'], routingStatuses: ['INTERACTING', 'COMMUNICATING'], work: ANY_WORK, says: 'left with work' },
  { presences: ['Offline'], routingStatuses: NOT_WORKING, work: ANY_WORK, says: 'is logged out' },
  { presences: ON_QUEUE, routingStatuses: ['IDLE'], work: [NO_WORK], says: 'waits for work' },
  {
    presences: ON_QUEUE,
    routingStatuses: ['IDLE'],
    work: [ACTIVE, AFTER_CALL, BOTH],
    says: 'counts and status disagree: the busier one counts; read again',
  },
  { presences: ON_QUEUE, routingStatuses: ['INTERACTING'], work: [AFTER_CALL], says: 'does after-call work' },
  { presences: ON_QUEUE, routingStatuses: ['INTERACTING'], work: [NO_WORK, ACTIVE, BOTH], says: 'has an interaction' },
  { presences: ON_QUEUE, routingStatuses: ['COMMUNICATING'], work: ANY_WORK, says: 'has a non-ACD call' },
  { presences: ON_QUEUE, routingStatuses: ['NOT_RESPONDING'], work: ANY_WORK, says: 'let an alert time out' },
  {
    presences: ON_QUEUE,
    routingStatuses: ['OFF_QUEUE'],
    work: ANY_WORK,
    says: 'comes or goes: one half of a change; read again',
  },
  {
    presences: OFF_QUEUE,
    routingStatuses: ['INTERACTING'],
    work: [AFTER_CALL],
    says: 'left the queue in after-call work',
  },
  {
    presences: OFF_QUEUE,
    routingStatuses: ['INTERACTING'],
    work: [NO_WORK, ACTIVE, BOTH],
    says: 'left the queue, and finishes an interaction',
  },
  { presences: OFF_QUEUE, routingStatuses: ['COMMUNICATING'], work: ANY_WORK, says: 'has a non-ACD call' },
  { presences: ['Available'], routingStatuses: NOT_WORKING, work: ANY_WORK, says: 'is logged in, and not on queue' },
  { presences: ['Idle', 'Away'], routingStatuses: NOT_WORKING, work: ANY_WORK, says: 'is away' },
  {
    presences: ['Busy', 'Break', 'Meal', 'Meeting', 'Training'],
    routingStatuses: NOT_WORKING,
    work: ANY_WORK,
    says: 'is off queue for a reason',
  },
];

/** All sets of values in a combination. */
export function valuesOf({
  states = ['active'],
  presences,
  routingStatuses,
  work = [NO_WORK],
}: Combination): UserValues[] {
  return states.flatMap((state) =>
    presences.flatMap((presence) =>
      routingStatuses.flatMap((routingStatus) =>
        work.map((counts) => ({ state, presence, routingStatus, work: counts })),
      ),
    ),
  );
}

/** Status and reason of an agent with these values and nothing else. */
export function statusOfValues({ state, presence, routingStatus, work }: UserValues): string {
  const user: UserPayload = {
    id: 'any',
    state,
    routingStatus: { status: routingStatus, startTime: '2026-03-02T14:05:09.123Z' },
    conversationSummary: { call: { contactCenter: work } },
  };
  if (presence) {
    user.presence = { presenceDefinition: { systemPresence: presence }, modifiedDate: '2026-03-02T14:05:08.990Z' };
  }
  const readAtMs = Date.parse('2026-03-02T14:06:00Z');
  const translator = new Translator(
    { connection: 'any', count: () => {}, log: { info: () => {}, warn: () => {} } },
    new Map(),
    () => {},
  );
  const { facets } = translator.read(user, readAtMs, { ids: [], atMs: readAtMs });
  const { status, reason } = statusOf(facets, readAtMs);
  return reason ? `${status} ${reason}` : status;
}

/** docs/states-genesys.md, rendered from the tables: the meaning of each value, and Muster's status for every combination. */
export function renderStateDocs(): string {
  return `${[INTRODUCTION, presenceTable(), routingStatusTable(), combinationTable(), UNKNOWN].join('\n\n')}\n`;
}

function presenceTable(): string {
  const rows = Object.entries(PRESENCES).map(
    ([name, { state, reason }]) => `| ${name} | \`${state}\` | ${reason ? `\`${reason}\`` : '–'} |`,
  );
  return ['## Presence\n\n| system presence | means | reason |\n|---|---|---|', ...rows].join('\n');
}

function routingStatusTable(): string {
  const rows = Object.entries(ROUTING_STATUSES).map(([name, { state, reason = state }]) => {
    return `| \`${name}\` | \`${state}\` | ${state === 'IDLE' ? '–' : `\`${reason}\``} |`;
  });
  return ['## Routing status\n\n| routing status | means | reason |\n|---|---|---|', ...rows].join('\n');
}

function combinationTable(): string {
  const rows = COMBINATIONS.map((combination) => {
    const { states = ['active'], presences, routingStatuses, work = [], says } = combination;
    const answers = [...new Set(valuesOf(combination).map(statusOfValues))].map((answer) => `\`${answer}\``);
    const presence =
      presences.length > 1 && presences.includes(undefined)
        ? 'any'
        : presences.map((name) => name ?? 'unknown').join(', ');
    const routing = routingStatuses === ANY_STATUS ? 'any' : routingStatuses.map((name) => `\`${name}\``).join(', ');
    return `| ${states.join(', ')} | ${presence} | ${routing} | ${countsOf(work)} | ${answers.join(', ')} | ${says} |`;
  });
  const head = '| user | presence | routing status | work counted | answer | the agent |\n|---|---|---|---|---|---|';
  return [`## Together\n\n${TOGETHER}\n`, head, ...rows].join('\n');
}

function countsOf(work: { active: number; acw: number }[]): string {
  if (work === ANY_WORK) return 'any';
  const isAfterCall = work.every(({ acw }) => acw > 0);
  if (isAfterCall) return work.every(({ active }) => active === 0) ? 'after-call work alone' : 'after-call work';
  if (!work.includes(NO_WORK)) return 'a call or after-call work';
  return work.includes(BOTH) ? 'other' : 'none';
}

const INTRODUCTION = `# States of Genesys Cloud

<!-- Rendered from src/platforms/genesys/mapping.ts and state-docs.ts; \`npm run docs\` updates it. -->

A user has a presence, which the agent chooses, and a routing status, which ACD sets. Each has a time of its own, and neither
alone determines whether the agent can take work. Spelling differs between APIs: \`On Queue\`,
\`OnQueue\` and \`ON_QUEUE\` are one.

A custom presence is shown as its system presence, unless \`connections.<name>.presences\` gives it a reason and a state. No
setting can make it a presence that takes work.`;

const TOGETHER = `Only an agent who is On Queue and \`IDLE\` is available. After-call work is known from the counts or from the interaction: the
routing status stays \`INTERACTING\`. A live interaction or a claim also makes an available agent \`BUSY\`. With
\`utilization: true\`, an agent who is On Queue and \`INTERACTING\` may take more, by media type.`;

const UNKNOWN = `## Unknown values

A presence or routing status that is in no table makes the agent \`BUSY\` with its name as the reason. It is counted in
\`muster_platform_anomalies_total{kind="unknown_value"}\` and logged once. A value that the platform leaves out stays as it was, or
unknown, which is never available. An agent who is On Queue and whose notification topics are refused is \`BUSY\` (\`NOT_WATCHED\`): [topics](permissions-genesys.md#topics).`;
