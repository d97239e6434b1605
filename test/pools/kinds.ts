import fc from 'fast-check';
import type { Capacity, Media, PresenceState } from '../../src/agent/facets.ts';
import { capacity } from '../agent/arbitrary.ts';
import type { Bounds, Crowd, Ending, Person, PersonState, Plan, PoolAct, Request } from './plan.ts';

/** A skill that few have. */
const RARE = { rare: 60 };
const SKILLS: Record<string, number>[] = [
  {},
  {},
  { billing: 40 },
  { billing: 80 },
  RARE,
  { billing: 90, rare: 20 },
  { 'sign é': 30, rare: 5 },
];
const WANTED: Record<string, number>[] = [
  {},
  {},
  {},
  { billing: 50 },
  { rare: 10 },
  { rare: 10, billing: 50 },
  { 'sign é': 30 },
];

const skills = fc.constantFrom(...SKILLS);
const queues = fc.constantFrom<string[]>(['q'], ['q'], ['q'], ['q'], ['q'], ['q', 'other'], ['other'], []);
const seldom = fc.constantFrom(false, false, false, true);
const who = fc.nat(40);
const anyCapacity = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: capacity });
const media = fc.constantFrom<Media>('voice', 'voice', 'voice', 'chat', 'email');

const person: fc.Arbitrary<Person> = fc.record({
  isAway: seldom,
  queues,
  skills,
  capacity: anyCapacity,
  stands: fc.constantFrom('ahead', 'ahead', 'last'),
  sinceMs: fc.nat(20),
  tenureDays: fc.constantFrom(0, 0, 800, 4000),
  state: fc.oneof(
    { weight: 8, arbitrary: fc.constant<PersonState>('free') },
    {
      weight: 4,
      arbitrary: fc.constantFrom<PersonState>(
        ...(['plain', 'paused', 'off', 'unknown', 'silent'] as const),
        ...(['calling', 'chatting', 'was-calling', 'lapsed', 'lapsed'] as const),
      ),
    },
  ),
});

const request: fc.Arbitrary<Request> = fc.record({
  queue: fc.constantFrom('q', 'q', 'q', 'q', 'q', 'q', 'other', 'global'),
  media,
  skills: fc.constantFrom(...WANTED),
  passOver: fc.constantFrom(undefined, undefined, undefined, 'stale', 'budget', 'unreachable'),
  vouched: fc.oneof(
    { weight: 3, arbitrary: fc.constant<number[]>([]) },
    { weight: 1, arbitrary: fc.array(who, { maxLength: 4 }) },
  ),
  instead: seldom,
  excluded: fc.oneof(
    { weight: 5, arbitrary: fc.constant<number[]>([]) },
    { weight: 1, arbitrary: fc.array(who, { maxLength: 4 }) },
  ),
  only: fc.option(who, { nil: undefined, freq: 8 }),
  isShort: fc.constantFrom(false, true, true),
});

const ENDINGS: Ending[] = [
  ...(['release', 'decline', 'refuse', 'fail', 'wrap-up', 'short wrap-up', 'confirm', 'short confirm'] as const),
];
const index = fc.nat(50);
const act: fc.Arbitrary<PoolAct> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('claim'), request: index, most: fc.constantFrom(1, 1, 1, 2, 6) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('retry'), call: index, excludes: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('find'), request: index, limit: fc.constantFrom(1, 3, 10) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle'),
      grant: index,
      how: fc.constantFrom<Ending>(...ENDINGS),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass') }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'lapses' } as const, { kind: 'align' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('profile'), who, queues, skills, capacity: anyCapacity }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('presence'),
      who,
      state: fc.constantFrom<PresenceState>('ON_DUTY', 'ON_DUTY', 'PAUSED', 'OFF_DUTY'),
      isPlain: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('activity'),
      who,
      state: fc.constantFrom('IDLE', 'IDLE', 'NOT_RESPONDING', 'WRAP_UP'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('interaction'),
      who,
      media,
      state: fc.constantFrom('ALERTING', 'CONNECTED', 'ENDED', 'ENDED'),
      isClaimed: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget'), who, removes: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('heard'),
      who,
      unit: fc.constantFrom('voice', 'voice', 'chat-1', 'email-1'),
      state: fc.constantFrom('HELD', 'HELD', 'WRAP_UP', 'ENDED'),
      isShort: fc.boolean(),
    }),
  },
) as fc.Arbitrary<PoolAct>;

const ANYBODY: Request = {
  ...{ queue: 'q', media: 'voice', skills: {}, passOver: undefined, vouched: [], instead: false, excluded: [] },
  isShort: false,
};
const RARELY: Request = { ...ANYBODY, skills: { rare: 10 } };

const crowd = (count: fc.Arbitrary<number>, lapsed: fc.Arbitrary<number>, of: Record<string, number>[]) =>
  fc.record({
    count,
    lapsed,
    isAway: seldom,
    isOff: seldom,
    skills: fc.constantFrom(...of),
  });

const list = <T>(arbitrary: fc.Arbitrary<T>, minLength: number, maxLength: number): fc.Arbitrary<T[]> =>
  fc.array(arbitrary, { minLength, maxLength, size: 'max' });

interface Parts {
  people: fc.Arbitrary<Person[]>;
  crowd: fc.Arbitrary<Crowd>;
  /** Requests and acts that the pool is about; they come first. */
  first?: { requests: Request[]; acts: PoolAct[] };
  acts?: number;
}

function plan({ people, crowd: many, first = { requests: [], acts: [] }, acts = 24 }: Parts): fc.Arbitrary<Plan> {
  return fc.record({
    ranking: fc.constantFrom(0, 0, 1, 2),
    people,
    crowd: many,
    requests: list(request, 1, 3).map((requests) => [...first.requests, ...requests]),
    acts: list(act, 1, acts).map((others) => [...first.acts, ...others]),
  });
}

/** The last in line, and the only one with the rare skill. */
const lastOne = (state: PersonState): Person => ({
  ...{ isAway: false, queues: ['q'], skills: RARE, capacity: undefined, stands: 'last', sinceMs: 20, tenureDays: 0 },
  state,
});

const commonPerson = person.map((one): Person => ({ ...one, skills: { billing: 40 } }));
/** The agent keeps the place, but not for this call. */
const DECLINED: PoolAct[] = [
  { kind: 'claim', request: 0, most: 1 },
  { kind: 'settle', grant: 0, how: 'decline' },
  { kind: 'retry', call: 0, excludes: false },
];
const CHATS: Capacity[] = [
  {
    media: {
      voice: { units: 1, beside: [] },
      chat: { units: 3, beside: ['email'] },
      email: { units: 2, beside: ['chat'] },
    },
  },
  { media: { chat: { units: 2, beside: [] } } },
  { media: { voice: { units: 1, beside: ['chat'] }, chat: { units: 4, beside: ['voice'] } }, total: 3 },
];
const digitalPerson = fc
  .tuple(person, fc.constantFrom(...CHATS))
  .map(([one, chats]): Person => ({ ...one, queues: ['q'], capacity: chats }));
const nobody = fc.constant<Crowd>({ count: 0, lapsed: 0, isAway: false, isOff: false, skills: {} });

/** Agents of the shortest long line, and of the shortest and the longest tail. */
const LONG_LINE = 480;
const LONG_TAIL = 8;
const LONGEST_TAIL = 40;

/** Pools of several kinds: few agents; a crowd; capacity beside voice; an agent who declines; a long line; many lapsed claims. */
export function plans({ inLine, lapsed }: Bounds): fc.Arbitrary<Plan> {
  const weighted: { weight: number; arbitrary: fc.Arbitrary<Plan> }[] = [
    { weight: 55, arbitrary: plan({ people: list(person, 0, 14), crowd: nobody }) },
    {
      weight: 20,
      arbitrary: plan({
        people: list(person, 0, 8),
        crowd: crowd(fc.integer({ min: 5, max: Math.min(inLine, 50) }), fc.nat(Math.min(lapsed, 4)), SKILLS),
      }),
    },
    {
      weight: 10,
      arbitrary: plan({
        people: list(digitalPerson, 1, 6),
        crowd: nobody,
        first: { requests: [{ ...ANYBODY, media: 'chat' }], acts: [{ kind: 'claim', request: 0, most: 6 }] },
      }),
    },
    {
      weight: 5,
      arbitrary: plan({
        people: list(commonPerson, 1, 6).map((others) => [lastOne('free'), ...others]),
        crowd: nobody,
        first: { requests: [ANYBODY], acts: [...DECLINED] },
      }),
    },
    {
      weight: 3,
      arbitrary: plan({
        people: list(person, 0, 8),
        crowd: crowd(fc.integer({ min: 51, max: Math.min(inLine, 400) }), fc.nat(Math.min(lapsed, 4)), SKILLS),
      }),
    },
  ];
  if (inLine > LONG_LINE) {
    weighted.push({
      weight: 2,
      arbitrary: plan({
        people: list(commonPerson, 0, 5).map((others) => [...others, lastOne('free')]),
        crowd: crowd(fc.integer({ min: LONG_LINE, max: inLine }), fc.constant(0), [{}, { billing: 80 }]),
        first: { requests: [RARELY], acts: [{ kind: 'claim', request: 0, most: 2 }] },
        acts: 8,
      }),
    });
  }
  if (lapsed > LONG_TAIL) {
    weighted.push({
      weight: 5,
      arbitrary: plan({
        people: list(commonPerson, 0, 5).map((others) => [...others, lastOne('lapsed')]),
        crowd: fc
          .tuple(crowd(fc.integer({ min: 1, max: LONGEST_TAIL }), fc.constant(0), [{}, { billing: 80 }]), fc.nat(5))
          .map(([many, more]) => ({
            ...many,
            isAway: false,
            isOff: false,
            count: many.count + more,
            lapsed: many.count,
          })),
        first: { requests: [RARELY], acts: [{ kind: 'claim', request: 0, most: 2 }] },
        acts: 8,
      }),
    });
  }
  // Unbiased: the small pools are small enough.
  return fc.noBias(fc.oneof(...weighted));
}
