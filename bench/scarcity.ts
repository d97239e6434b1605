import type { Facets, RequiredSkills } from '../src/agent/facets.ts';
import { Claimants } from './claimants.ts';
import { type Contestant, compare, compareAt } from './compare.ts';
import { OpenLoop } from './open-loop.ts';
import { agentId, FIRST_SEEN_MS, store } from './pool.ts';
import { ratioOf, rowOf } from './summary.ts';
import { atLeast, atMost } from './targets.ts';
import type { Finding, Settings, Topic } from './topic.ts';
import type { World } from './world.ts';

const DOMAIN = 'scarce';
/** The depths, and how many times the floor a claim may take at each. */
const MOST_TIMES_WRITE = new Map([
  [1, 2],
  [64, 3],
]);
const SKILLS = { 'skill-0': 50, 'skill-1': 50, 'skill-2': 50, 'skill-3': 50, 'skill-4': 50 };
const NOBODY_HAS: RequiredSkills = { rare: 0 };
/**
 * The last agents of the longest queue have a rare skill each, so that each claim of a burst asks for another one and can be
 * granted. Also the number of operations in a burst of everybody, so that bursts are alike.
 */
const LAST = 128;

const POLLS_PER_SECOND = 2000;
/** Callers of the other queue. */
const ORDINARY_CALLERS = 4;
const ORDINARY_AGENTS = 1000;
/** Length of a burst: long enough for polls to queue up, if they do. */
const POLLED_MS = 400;
const MOST_TIMES_P99 = 1.5;

/** Queues in which nobody, or only the last one, qualifies. */
const ROWS = [
  { name: 'empty line', free: 0, rare: false },
  { name: '64 free, none has the skill', free: 64, rare: false },
  { name: '512 free, none has the skill', free: 512, rare: false },
  { name: '3,000 free, one has it, last in line', free: 3000, rare: true },
] as const;
type Row = (typeof ROWS)[number];

/** What is polled beside ordinary claims. */
const POLLED = ROWS[2];
const ORDINARY = `${DOMAIN}:ordinary`;

/** Claims that find nobody, or somebody only at the end of a line. */
export const scarcity: Topic = {
  name: 'scarcity',
  measure: async (world, settings) => {
    const agents = new Scarce();
    await store(world.agents, DOMAIN, agents.count, (agent) => agents.draw(agent));
    return [await findNobody(world, settings, agents), await claimBesidePolls(world, settings)];
  },
};

interface Member {
  queue: string;
  /** Absent for the queue of ordinary claims. */
  row?: Row;
  /** Place in the line, from 0. */
  at: number;
}

/** The agents of all queues, numbered one queue after the other. */
class Scarce {
  readonly count: number;
  readonly #members: Member[];
  readonly #firstOf: Map<Row, number>;

  constructor() {
    const members = (queue: string, count: number, row?: Row): Member[] =>
      Array.from({ length: count }, (_, at) => ({ queue, at, ...(row && { row }) }));
    const ofRows = ROWS.flatMap((row) => members(queueOf(row), row.free, row));
    this.#members = [...ofRows, ...members(ORDINARY, ORDINARY_AGENTS)];
    this.#firstOf = new Map(ROWS.map((row) => [row, ofRows.findIndex((member) => member.row === row)]));
    this.count = this.#members.length;
  }

  /** The longer free, the lower the number. */
  draw(agent: number): Facets {
    const { queue, row, at } = this.#members[agent] as Member;
    const version = { at: FIRST_SEEN_MS + at * 1000, id: `load-${agent}` };
    const last = row?.rare ? at - (row.free - LAST) : -1;
    const skills = last < 0 ? SKILLS : { ...SKILLS, [rareSkill(last)]: 50 };
    return {
      profile: { name: `Agent ${agent}`, queues: [queue], skills, tenureDays: 0, ...version },
      presence: { state: 'ON_DUTY', ...version },
      activity: { state: 'IDLE', ...version },
    };
  }

  /** The id of one of the last agents of a queue. */
  lastId(row: Row, last: number): string {
    return agentId(DOMAIN, (this.#firstOf.get(row) ?? 0) + row.free - LAST + last);
  }
}

const queueOf = ({ free }: Row): string => `${DOMAIN}:queue-${free}`;
const rareSkill = (last: number): string => `rare-${last}`;

/** Claims of one row, which know the right answers. */
class RowClaims implements Contestant {
  readonly name: string;
  readonly most = LAST;
  readonly #claimants: Claimants;
  readonly #row: Row;
  readonly #agents: Scarce;
  /** Claims of this burst. */
  #asked = 0;
  answers = 0;
  right = 0;

  constructor(world: World, row: Row, agents: Scarce) {
    this.name = row.name;
    this.#row = row;
    this.#agents = agents;
    this.#claimants = new Claimants(world, DOMAIN, () => ({
      queue: queueOf(row),
      skills: row.rare ? { [rareSkill(this.#asked)]: 0 } : NOBODY_HAS,
    }));
  }

  async operation(): Promise<void> {
    const asked = this.#asked;
    const answer = this.#claimants.claim();
    this.#asked++;
    const expected = this.#row.rare ? this.#agents.lastId(this.#row, asked) : undefined;
    const isRight = (await answer) === expected;
    this.answers++;
    if (isRight) this.right++;
  }

  async cleanUp(): Promise<void> {
    this.#asked = 0;
    await this.#claimants.releaseAll();
  }
}

async function findNobody(world: World, { seconds }: Settings, agents: Scarce): Promise<Finding> {
  const claims = ROWS.map((row) => new RowClaims(world, row, agents));
  const write = { name: 'write', operation: () => world.floor.write(DOMAIN), most: LAST };
  const contestants = [write, ...claims];
  const rows = await compareAt([...MOST_TIMES_WRITE.keys()], { contestants, seconds, meter: world.meter });
  const times = ROWS.flatMap(({ name }) =>
    [...MOST_TIMES_WRITE].map(([depth, most]) =>
      atMost(
        `scarcity: ${name}, p50 ÷ write, ${depth === 1 ? 'alone' : `${depth} in flight`}`,
        most,
        ratioOf(rowOf(rows, name, depth), write.name, 'p50'),
      ),
    ),
  );
  const right = claims.map(({ name, right, answers }) =>
    atLeast(`scarcity: ${name}, share of right answers`, 1, right / answers),
  );
  const onlyFloor = rows.map((row) => ({ ...row, ratios: row.ratios.filter(({ of }) => of === write.name) }));
  return {
    scenario: 'nobody',
    title: 'Claims that find nobody, or the last one',
    rows: onlyFloor,
    reading: `At most ${LAST} operations in a burst. Of 3,000 each of the last ${LAST} has a skill that nobody else has.`,
    targets: [...times, ...right],
  };
}

async function claimBesidePolls(world: World, { seconds }: Settings): Promise<Finding> {
  const polled = new Claimants(world, DOMAIN, () => ({ queue: queueOf(POLLED), skills: NOBODY_HAS }));
  const polls = new OpenLoop(POLLS_PER_SECOND, POLLED_MS, () => polled.claim());
  const ordinary = (): Contestant => {
    const claimants = new Claimants(world, DOMAIN, () => ({ queue: ORDINARY, skills: {} }));
    const cleanUp = async () => {
      await claimants.releaseAll();
      await claimants.untilServed();
    };
    return { name: 'claim', operation: () => claimants.claim(), most: ORDINARY_AGENTS / 2, cleanUp };
  };
  const beside = { ...ordinary(), name: 'claim beside polls', beside: polls };
  const contestants = [ordinary(), beside];
  const how = { inFlight: ORDINARY_CALLERS, seconds, meter: world.meter, burstMs: POLLED_MS };
  const rows = await compare({ contestants, ...how });
  const slowed = rowOf(rows, beside.name, ORDINARY_CALLERS);
  return {
    scenario: 'beside polls',
    title: `Claims of another queue of the domain, beside ${POLLS_PER_SECOND.toLocaleString('en-US')} polls a second`,
    rows,
    reading: `A poll: ${POLLED.name}. Polls do not wait for each other and are sent for ${POLLED_MS} ms of a burst: ${polls.sent} in all, of which ${polls.unanswered} were not answered in time.`,
    // A claim without an answer takes longer than any number.
    targets: [
      atMost(
        `scarcity: p99 of other claims beside ${POLLS_PER_SECOND} polls a second ÷ without`,
        MOST_TIMES_P99,
        slowed.unanswered > 0 ? Number.NaN : ratioOf(slowed, 'claim', 'p99'),
      ),
    ],
  };
}
