import fc from 'fast-check';
import type { Activity, Capacity, Facets, Media } from '../../src/agent/facets.ts';
import { withoutCovered } from '../../src/agent/merge.ts';

/** Few distinct values, so that ties, duplicates and contradictions are common. */
const version = { at: fc.integer({ min: 1_000, max: 1_006 }), id: fc.constantFrom('a', 'b', 'c') };
const fence = fc.integer({ min: 1, max: 4 });

/** One event id at one time says one thing, as on a real platform; so the value follows from the version. */
const by = <T>(at: number, id: string, values: readonly T[]): T =>
  values[(at * 3 + id.charCodeAt(0)) % values.length] as T;

const stamped = <T extends object>(make: (at: number, id: string) => T) =>
  fc.record(version).map(({ at, id }) => ({ at, id, ...make(at, id) }));

/** With a total and without, with types that keep each other away and types that are not taken at all. */
const CAPACITIES = [
  { media: { voice: { units: 1, beside: [] }, chat: { units: 2, beside: [] } } },
  {
    media: {
      voice: { units: 1, beside: ['chat'] },
      chat: { units: 2, beside: ['voice', 'email'] },
      email: { units: 1, beside: [] },
    },
    total: 2,
  },
  { media: { chat: { units: 1, beside: ['voice', 'social'] }, email: { units: 0, beside: [] } } },
  {
    media: {
      voice: { units: 3, beside: ['chat', 'email', 'social'] },
      chat: { units: 3, beside: ['voice', 'email', 'social'] },
      email: { units: 2, beside: ['voice', 'chat', 'social'] },
    },
    total: 3,
  },
  { media: { voice: { units: 0, beside: [] }, email: { units: 3, beside: ['email'] } }, total: 1 },
] satisfies Capacity[];

/** Any capacity of an agent, or none. */
export const capacity: fc.Arbitrary<Capacity | undefined> = fc.option(
  fc
    .record({
      media: fc.dictionary(
        fc.constantFrom<Media>('voice', 'chat', 'email'),
        fc.record({
          units: fc.constantFrom(0, 1, 1, 2, 3),
          beside: fc.subarray<Media>(['voice', 'chat', 'email', 'social']),
        }),
        { minKeys: 1 },
      ),
      total: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    })
    .map(({ media, total }) => ({ media, ...(total !== undefined && { total }) })),
  { nil: undefined, freq: 9 },
);

const ACTIVITIES = [
  { state: 'IDLE' },
  { state: 'IDLE' },
  { state: 'INTERACTING' },
  { state: 'INTERACTING', reason: 'NON_ACD' },
  { state: 'WRAP_UP' },
  { state: 'NOT_RESPONDING' },
] satisfies Activity[];

/** Names that claims go under, too. */
const nameOf = (call: number): string => ['x', 'y'][call] ?? `call-${call}`;

/** Of one call several versions, as of different calls; of voice and others. */
const interaction = (call: number) =>
  stamped((at, id) => ({
    callId: nameOf(call),
    media: by(call, id, ['chat', 'email', 'voice'] as const),
    state: by(at, id, ['ALERTING', 'CONNECTED', 'WRAP_UP', 'ENDED'] as const),
  }));

const claim = fc.record(
  {
    by: fc.constantFrom('eu', 'us'),
    fence,
    state: fc.constantFrom('HELD', 'CONFIRMED', 'WRAP_UP', 'ENDED'),
    untilMs: fc.integer({ min: 990, max: 1_020 }),
    callId: fc.constantFrom('x', 'y'),
    queue: fc.constant('support'),
    completedAtMs: fc.integer({ min: 0, max: 3 }),
  },
  { requiredKeys: ['fence', 'state', 'untilMs', 'callId', 'queue', 'completedAtMs'] },
);

const words: fc.Arbitrary<Facets> = fc.record(
  {
    profile: stamped((at, id) => ({
      name: id,
      queues: [`q${at % 3}`],
      skills: { billing: at % 100 },
      tenureDays: at,
      ...(at % 3 !== 0 && { capacity: by(at, id, CAPACITIES) }),
    })),
    presence: stamped((at, id) => ({ state: by(at, id, ['ON_DUTY', 'ON_DUTY', 'PAUSED', 'OFF_DUTY'] as const) })),
    activity: stamped((at, id) => by(at, id, ACTIVITIES)),
    interactions: fc
      .record({
        interactions: fc
          .uniqueArray(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 60 })), { maxLength: 40 })
          .chain((calls) => fc.tuple(...calls.map(interaction))),
        floor: fc.option(fc.integer({ min: 1_000, max: 1_006 }), { nil: undefined }),
      })
      .map(({ interactions, floor }) => ({
        byCall: Object.fromEntries(
          interactions.filter(({ at }) => at >= (floor ?? 0)).map((each) => [each.callId, each]),
        ),
        ...(floor !== undefined && { forgottenBefore: floor }),
      }))
      .filter(({ byCall, forgottenBefore }) => Object.keys(byCall).length > 0 || forgottenBefore !== undefined),
    claim,
    digitalClaims: fc
      .dictionary(fc.constantFrom('chat-1', 'chat-2', 'chat-4', 'email-1', 'social-1'), claim, { minKeys: 1 })
      .map((claims) => Object.fromEntries(Object.entries(claims).map(([unit, each]) => [unit, { ...each, unit }]))),
  },
  { requiredKeys: [] },
);

const tombstone = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: stamped(() => ({})) },
);

/** As somebody may hold or tell them: where there is a tombstone, without what it has buried. */
export const facets: fc.Arbitrary<Facets> = fc
  .tuple(words, tombstone)
  .map(([said, forgotten]) => ({ ...withoutCovered(said, forgotten), ...(forgotten && { forgotten }) }));

export const nowMs = fc.integer({ min: 980, max: 1_030 });
