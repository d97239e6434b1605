import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Facets,
  type Interaction,
  type InteractionState,
  type Interactions,
  interactionOf,
  interactionsFacet,
  interactionsOf,
  type Media,
  type Stamped,
} from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import type { InteractionReading } from '../../src/platforms/genesys/interaction.ts';
import { Interactions as UserInteractions } from '../../src/platforms/genesys/interactions.ts';

const T = Date.parse('2026-03-02T14:00:00Z');
const MINUTE = 60_000;
const IDLE = { at: T, id: 'idle' };
const STAGE = { ALERTING: 0, CONNECTED: 1, WRAP_UP: 2, ENDED: 3 };

function step(callId: string, state: InteractionState, at: number, media: Media = 'voice'): InteractionReading {
  const id = `ana/call/${callId}/001.${STAGE[state]}/${state}/${at}`;
  const interaction: Stamped<Interaction> = { callId, state, media, at, id };
  if (state !== 'ALERTING') interaction.connectedAt = at;
  return { interaction, isTimed: true, isParked: false };
}

const chat = (callId: string, state: InteractionState, at: number) => step(callId, state, at, 'chat');
const statesOf = (interactions: UserInteractions) =>
  Object.fromEntries(interactionsOf(interactions.facets()).map(({ callId, state }) => [callId, state]));
const openOf = (interactions: UserInteractions, media: Media) =>
  interactionsOf(interactions.facets()).filter((one) => one.media === media && one.state !== 'ENDED');

describe('the interactions of a user', () => {
  it('are each a register of their own, and so are two calls', () => {
    const interactions = new UserInteractions('ana');
    for (const one of [chat('c1', 'CONNECTED', T), chat('c2', 'ALERTING', T + 1), step('v1', 'CONNECTED', T + 2)]) {
      expect(interactions.take(one, IDLE)).toEqual([one.interaction]);
    }
    interactions.take(step('v2', 'CONNECTED', T + 3), IDLE);
    interactions.take(step('v2', 'ENDED', T + 4), IDLE);
    expect(statesOf(interactions)).toEqual({ c1: 'CONNECTED', c2: 'ALERTING', v1: 'CONNECTED', v2: 'ENDED' });
  });

  it('are told once, and not again when older news comes', () => {
    const interactions = new UserInteractions('ana');
    const ended = chat('c1', 'ENDED', T + 5);
    expect(interactions.take(ended, IDLE)).toHaveLength(1);
    expect(interactions.take(ended, IDLE)).toEqual([]);
    expect(interactions.take(chat('c1', 'CONNECTED', T), IDLE)).toEqual([]);
    expect(statesOf(interactions)).toEqual({ c1: 'ENDED' });
  });

  it('are forgotten a while after their end, and then only', () => {
    const interactions = new UserInteractions('ana');
    interactions.take(chat('over', 'ENDED', T), IDLE);
    interactions.take(chat('open', 'CONNECTED', T), IDLE);
    interactions.count({ chat: 1 }, T + 4 * MINUTE);
    expect(statesOf(interactions)).toEqual({ over: 'ENDED', open: 'CONNECTED' });
    interactions.count({ chat: 1 }, T + 6 * MINUTE);
    expect(statesOf(interactions)).toEqual({ open: 'CONNECTED' });
  });

  it('are bounded in number: those that ended make room first', () => {
    const interactions = new UserInteractions('ana');
    for (let number = 1; number <= 40; number++) interactions.take(chat(`open-${number}`, 'CONNECTED', T), IDLE);
    for (let number = 1; number <= 40; number++) interactions.take(chat(`over-${number}`, 'ENDED', T + number), IDLE);
    const states = Object.values(statesOf(interactions));
    expect(states).toHaveLength(50);
    expect(states.filter((state) => state === 'CONNECTED')).toHaveLength(40);
  });
});

describe('work that was never seen', () => {
  it('is told by placeholders, for as many as are counted beyond those known', () => {
    const interactions = new UserInteractions('ana');
    interactions.take(chat('c1', 'CONNECTED', T), IDLE);
    interactions.count({ chat: 3, email: 1 }, T + MINUTE);
    expect(interactions.facets().interactions?.byCall).toMatchObject({
      'unseen/chat/1': { state: 'CONNECTED', media: 'chat', at: T + MINUTE },
      'unseen/chat/2': { state: 'CONNECTED', media: 'chat', at: T + MINUTE },
      'unseen/email/1': { state: 'CONNECTED', media: 'email', at: T + MINUTE },
    });
    const told = interactions.facets();
    interactions.count({ chat: 3, email: 1 }, T + 2 * MINUTE);
    expect(interactions.facets()).toEqual(told);
  });

  it('is over when fewer are counted: placeholders first, then those known for longest', () => {
    const interactions = new UserInteractions('ana');
    interactions.take(chat('c1', 'CONNECTED', T), IDLE);
    interactions.take(chat('c2', 'CONNECTED', T + 1), IDLE);
    interactions.count({ chat: 3 }, T + MINUTE);
    interactions.count({ chat: 2 }, T + 2 * MINUTE);
    expect(statesOf(interactions)).toEqual({ c1: 'CONNECTED', c2: 'CONNECTED', 'unseen/chat/1': 'ENDED' });
    interactions.count({ chat: 1 }, T + 3 * MINUTE);
    expect(statesOf(interactions)).toMatchObject({ c1: 'ENDED', c2: 'CONNECTED' });
    expect(interactionOf(interactions.facets(), 'c1')).toMatchObject({ media: 'chat', at: T + 3 * MINUTE });
    interactions.count({ chat: 2 }, T + 4 * MINUTE);
    expect(statesOf(interactions)).toMatchObject({ c2: 'CONNECTED', 'unseen/chat/1': 'CONNECTED' });
  });

  it('gives way to the interaction it stood for, once that is heard of', () => {
    const interactions = new UserInteractions('ana');
    interactions.count({ chat: 2 }, T + MINUTE);
    const [told, ended, ...others] = interactions.take(chat('c1', 'CONNECTED', T), IDLE);
    expect([told?.callId, ended?.callId, ended?.state]).toEqual(['c1', 'unseen/chat/1', 'ENDED']);
    expect(others).toEqual([]);
    expect(interactions.take(chat('c3', 'ALERTING', T + 2 * MINUTE), IDLE)).toHaveLength(1);
    expect(openOf(interactions, 'chat')).toHaveLength(3);
  });

  it('is not made of what has just begun or ended, which a count may not know yet', () => {
    const interactions = new UserInteractions('ana');
    interactions.take(chat('c1', 'CONNECTED', T + MINUTE - 1000), IDLE);
    interactions.take(chat('c2', 'ENDED', T + MINUTE - 1000), IDLE);
    interactions.take(chat('c3', 'ALERTING', T), IDLE);
    interactions.count({}, T + MINUTE);
    expect(statesOf(interactions)).toEqual({ c1: 'CONNECTED', c2: 'ENDED', c3: 'ALERTING' });
    interactions.count({ chat: 3 }, T + MINUTE);
    expect(statesOf(interactions)).toEqual({ c1: 'CONNECTED', c2: 'ENDED', c3: 'ALERTING' });
  });

  it('is over for an alert that rings longer than any does', () => {
    const interactions = new UserInteractions('ana');
    interactions.take(chat('c1', 'ALERTING', T), IDLE);
    interactions.count({}, T + 11 * MINUTE);
    expect(statesOf(interactions)).toEqual({ c1: 'ENDED' });
  });

  it('may be a call', () => {
    const interactions = new UserInteractions('ana');
    interactions.count({ voice: 1 }, T);
    expect(interactionsOf(interactions.facets())).toMatchObject([
      { callId: 'unseen/voice/1', media: 'voice', state: 'CONNECTED', at: T },
    ]);
    interactions.count({}, T + MINUTE);
    expect(interactionsOf(interactions.facets())).toMatchObject([{ state: 'ENDED', at: T + MINUTE }]);
    interactions.take(step('v1', 'CONNECTED', T + 2 * MINUTE), IDLE);
    interactions.count({ voice: 1 }, T + 3 * MINUTE);
    expect(openOf(interactions, 'voice')).toMatchObject([{ callId: 'v1', state: 'CONNECTED' }]);
  });

  it('leaves a callback alone that may be counted as the call it has come to be', () => {
    const interactions = new UserInteractions('ana');
    interactions.take(step('b1', 'CONNECTED', T, 'callback'), IDLE);
    interactions.count({ voice: 1 }, T + MINUTE);
    expect(statesOf(interactions)).toMatchObject({ b1: 'CONNECTED' });
  });

  it('leaves as many open as are counted, and only ever tells newer versions', () => {
    const counts = fc.array(fc.record({ chat: fc.nat(4), email: fc.nat(2) }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(counts, fc.nat(3), (readings, known) => {
        const interactions = new UserInteractions('ana');
        for (let number = 0; number < known; number++) interactions.take(chat(`c${number}`, 'CONNECTED', T), IDLE);
        let before: Interactions['byCall'] = {};
        for (const [at, open] of readings.entries()) {
          interactions.count(open, T + (at + 1) * MINUTE);
          expect(openOf(interactions, 'chat')).toHaveLength(open.chat);
          expect(openOf(interactions, 'email')).toHaveLength(open.email);
          const { byCall = {} } = interactions.facets().interactions ?? {};
          for (const [callId, now] of Object.entries(byCall)) {
            const last = before[callId];
            if (last && JSON.stringify(last) !== JSON.stringify(now)) expect(now.at).toBeGreaterThan(last.at);
          }
          before = byCall;
        }
      }),
    );
  });
});

describe('what a region holds of a user', () => {
  const call = fc.record({
    beginsMs: fc.integer({ min: 0, max: 60_000 }),
    ringsMs: fc.integer({ min: 0, max: 3_000 }),
    talksMs: fc.integer({ min: 0, max: 20_000 }),
    lateMs: fc.integer({ min: 0, max: 4_000 }),
    /** Of the activity that a read has brought by the time of the alert, which has no time of its own. */
    activityMs: fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: undefined }),
    isChat: fc.boolean(),
  });
  const readAt = fc.integer({ min: 0, max: 90_000 });
  /** After all steps and reads, and before an alert counts as over by its age. */
  const AFTER_ALL_MS = 180_000;

  /** The steps of a call that routing has not sent, or of a chat that it has. */
  function stepsOf(
    { beginsMs, ringsMs, talksMs, activityMs, isChat }: typeof call extends fc.Arbitrary<infer C> ? C : never,
    n: number,
  ) {
    const [alertAt, connectedAt] = [T + beginsMs, T + beginsMs + ringsMs];
    const one = (state: InteractionState, at: number): InteractionReading => {
      const reading = step(`call-${n}`, state, at, isChat ? 'chat' : 'voice');
      if (!isChat) reading.interaction.isAcd = false;
      if (state !== 'ALERTING') reading.interaction.connectedAt = connectedAt;
      return reading;
    };
    const alert = { ...one('ALERTING', alertAt), isTimed: activityMs === undefined };
    return [alert, one('CONNECTED', connectedAt), one('ENDED', connectedAt + talksMs + 1)];
  }

  it('is what the connection knows, in whatever order notifications and reads arrive and are applied', () => {
    fc.assert(
      fc.property(
        fc.array(call, { minLength: 1, maxLength: 4 }),
        fc.array(fc.record({ readAt, lateMs: fc.integer({ min: 0, max: 20_000 }) }), { minLength: 1, maxLength: 5 }),
        fc.infiniteStream(fc.nat()),
        (calls, reads, dice) => {
          const steps = calls.map(stepsOf);
          const openAt = (at: number, isChat: boolean) =>
            calls.filter((one, n) => {
              const [first, , last] = steps[n] as InteractionReading[];
              return one.isChat === isChat && (first?.interaction.at ?? 0) <= at && at < (last?.interaction.at ?? 0);
            }).length;
          const activityAt = (n: number) => {
            const { beginsMs = 0, activityMs } = calls[n] ?? {};
            return activityMs === undefined ? IDLE : { at: T + beginsMs + activityMs, id: 'later' };
          };
          const user = new UserInteractions('ana');
          const told = [{}] as Pick<Facets, 'interactions'>[];
          const count = (at: number): void => {
            const readAtMs = Math.floor(at / 1000) * 1000;
            user.count({ chat: openAt(at, true) }, readAtMs);
            user.countNonAcd(openAt(at, false), readAtMs);
            told.push(user.facets());
          };
          const happens = [
            ...steps.flatMap((ofCall, n) =>
              ofCall.map((one) => ({
                at: one.interaction.at + (calls[n]?.lateMs ?? 0),
                run: () => told.push(...user.take(one, activityAt(n)).map((step) => interactionsFacet(step))),
              })),
            ),
            ...reads.map(({ readAt, lateMs }) => ({ at: T + readAt + lateMs, run: () => count(T + readAt) })),
          ].sort((one, other) => one.at - other.at);
          for (const { run } of happens) run();
          count(T + AFTER_ALL_MS);
          const inAnyOrder = told
            .map((facets) => [dice.next().value as number, facets] as const)
            .sort(([one], [other]) => one - other);
          const held = inAnyOrder.reduce((now: Facets, [, facets]) => merge(now, facets).facets, {});
          expect(interactionsOf(held).filter(({ state }) => state !== 'ENDED')).toEqual([]);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
