import { statusOf } from '../../agent/status.ts';
import { PRESENCES, ROUTING_STATUSES } from './mapping.ts';
import type { UserPayload } from './payloads.ts';
import { Translator } from './translator.ts';

/** What the platform can say of a user. */
export interface UserWords {
  /** Of the user: `active`, `inactive`, `deleted`. */
  state: string;
  presence: string | undefined;
  routingStatus: string;
  /** ACD work that is counted. */
  work: { active: number; acw: number };
}

/** Words that come together, and mean one thing. */
interface Combination {
  states?: string[];
  presences: (string | undefined)[];
  routingStatuses: string[];
  work?: { active: number; acw: number }[];
  /** What it says of the agent. */
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

/** Every combination of what a user, the presence, the routing status and the counts of work say. */
export const COMBINATIONS: Combination[] = [
  {
    states: ['inactive', 'deleted'],
    presences: [...Object.keys(PRESENCES), undefined],
    routingStatuses: ANY_STATUS,
    work: ANY_WORK,
    says: 'is no user any more',
  },
  { presences: [undefined], routingStatuses: ANY_STATUS, work: ANY_WORK, says: 'cannot be told; read again' },
  { presences: ['Offline'], routingStatuses: ['INTERACTING', 'COMMUNICATING'], work: ANY_WORK, says: 'left with work' },
  { presences: ['Offline'], routingStatuses: NOT_WORKING, work: ANY_WORK, says: 'is logged out' },
  { presences: ON_QUEUE, routingStatuses: ['IDLE'], work: [NO_WORK], says: 'waits for work' },
  {
    presences: ON_QUEUE,
    routingStatuses: ['IDLE'],
    work: [ACTIVE, AFTER_CALL, BOTH],
    says: 'counts and status disagree: the busier is believed; read again',
  },
  { presences: ON_QUEUE, routingStatuses: ['INTERACTING'], work: [AFTER_CALL], says: 'does after-call work' },
  { presences: ON_QUEUE, routingStatuses: ['INTERACTING'], work: [NO_WORK, ACTIVE, BOTH], says: 'has an interaction' },
  { presences: ON_QUEUE, routingStatuses: ['COMMUNICATING'], work: ANY_WORK, says: 'has a call that is not ACD’s' },
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
  { presences: OFF_QUEUE, routingStatuses: ['COMMUNICATING'], work: ANY_WORK, says: 'has a call that is not ACD’s' },
  { presences: ['Available'], routingStatuses: NOT_WORKING, work: ANY_WORK, says: 'is logged in, and not on queue' },
  { presences: ['Idle', 'Away'], routingStatuses: NOT_WORKING, work: ANY_WORK, says: 'is away' },
  {
    presences: ['Busy', 'Break', 'Meal', 'Meeting', 'Training'],
    routingStatuses: NOT_WORKING,
    work: ANY_WORK,
    says: 'is off queue for a reason',
  },
];

/** Every single thing that the platform can say by a combination. */
export function wordsOf({
  states = ['active'],
  presences,
  routingStatuses,
  work = [NO_WORK],
}: Combination): UserWords[] {
  return states.flatMap((state) =>
    presences.flatMap((presence) =>
      routingStatuses.flatMap((routingStatus) =>
        work.map((counts) => ({ state, presence, routingStatus, work: counts })),
      ),
    ),
  );
}

/** The status, and the reason if any, of an agent of whom nothing else is known, as the mirror reads it. */
export function statusOfWords({ state, presence, routingStatus, work }: UserWords): string {
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

/** docs/states-genesys.md, made from the tables: what each word means, and what Muster answers for all of them together. */
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
    const answers = [...new Set(wordsOf(combination).map(statusOfWords))].map((answer) => `\`${answer}\``);
    const presence =
      presences.length > 1 && presences.includes(undefined)
        ? 'any'
        : presences.map((name) => name ?? 'not told').join(', ');
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

<!-- Rendered from src/platforms/genesys/mapping.ts and state-docs.ts; \`npm run docs\` writes it anew. -->

A user has a presence, which is what the person said, and a routing status, which is what ACD sees. Each has a time of
its own, and neither alone says whether somebody can take work. Their spelling differs from surface to surface: \`On Queue\`,
\`OnQueue\` and \`ON_QUEUE\` are one.

An organisation's own presence is shown as the system presence behind it, unless \`connections.<name>.presences\` gives it a
reason and a state of its own. Nothing there can make it one that takes work.`;

const TOGETHER = `Only who is On Queue and \`IDLE\` is available. After-call work is counted, or told by the interaction itself: the
routing status stays \`INTERACTING\`. An interaction that lasts, or a claim, makes an available agent \`BUSY\` besides. With
\`utilization: true\`, an agent who is On Queue and \`INTERACTING\` may be offered more, by media type.`;

const UNKNOWN = `## What is not known

A presence or a routing status that is in no table makes the agent \`BUSY\` with its name as the reason. It is counted in
\`muster_platform_anomalies_total{kind="unknown_value"}\` and logged once. What the platform leaves out stays as it was, or unknown:
never available. Who is On Queue and whose notification topics are refused is \`BUSY\` (\`NOT_WATCHED\`): [topics](permissions-genesys.md#topics).`;
