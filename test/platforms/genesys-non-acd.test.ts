import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Facets, interactionOf, interactionsOf } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { reconcile } from '../../src/agent/reconcile.ts';
import { ownStatus, statusOf } from '../../src/agent/status.ts';
import type { EventFrame } from '../../src/platforms/genesys/channel.ts';
import { openWork } from '../../src/platforms/genesys/normalise.ts';
import type { ParticipantPayload, SummaryPayload, UserPayload } from '../../src/platforms/genesys/payloads.ts';
import { Translator } from '../../src/platforms/genesys/translator.ts';

const USER = 'ana';
const time = (second: number) => new Date(Date.UTC(2026, 2, 2, 14, 6, second)).toISOString();
const at = (second: number) => Date.parse(time(second));
const NONE = { active: 0, acw: 0 };

const counts = (acd: number, other: number): SummaryPayload => ({
  call: { contactCenter: { active: acd, acw: 0 }, enterprise: { active: other, acw: 0 } },
});

function user(routing: string, since: number, summary: SummaryPayload): UserPayload {
  return {
    id: USER,
    state: 'active',
    presence: { presenceDefinition: { systemPresence: 'On Queue' }, modifiedDate: time(0) },
    routingStatus: { status: routing, startTime: time(since) },
    conversationSummary: summary,
  };
}

function translator() {
  const context = { connection: 'emea', count: () => {}, log: { info: () => {}, warn: () => {} } };
  return new Translator(context, new Map(), () => {});
}

const transferred = (id: string, fields: ParticipantPayload, call: object): EventFrame => ({
  kind: 'event',
  userId: USER,
  topic: 'conversations',
  body: { id, participants: [{ purpose: 'user', userId: USER, ...fields, calls: [call] }] },
});
const ringing = (id: string, second: number) =>
  transferred(id, {}, { state: 'alerting', startAlertingTime: time(second) });
const talking = (id: string, second: number) =>
  transferred(id, { connectedTime: time(second) }, { state: 'connected', connectedTime: time(second) });
const over = (id: string, from: number, to: number) =>
  transferred(
    id,
    { connectedTime: time(from), endTime: time(to) },
    { state: 'disconnected', connectedTime: time(from), disconnectedTime: time(to) },
  );
const idle = (second: number): EventFrame => ({
  kind: 'event',
  userId: USER,
  topic: 'activity',
  body: { routingStatus: { status: 'IDLE', startTime: time(second) } },
});

/** What a region holds of the agent after these, read first and then notified. */
function heldAfter(read: UserPayload, frames: EventFrame[], its = translator(), readAt = 1): Facets {
  const { facets } = its.read(read, at(readAt), { ids: [], atMs: at(readAt) });
  return frames.flatMap((frame) => its.notified(frame)).reduce((now, { facets }) => merge(now, facets).facets, facets);
}

describe('a call that routing has not sent', () => {
  it('keeps the agent from another while it lasts, though routing says IDLE, and frees them with its end', () => {
    const said = [[ringing('c1', 5)], [talking('c1', 8)], [over('c1', 8, 30)]].map((_, count, all) =>
      statusOf(heldAfter(user('IDLE', 0, counts(0, 0)), all.slice(0, count + 1).flat()), at(59)),
    );
    expect(said).toEqual([
      { status: 'BUSY', reason: 'ALERTING' },
      { status: 'BUSY', reason: 'NON_ACD' },
      { status: 'AVAILABLE' },
    ]);
  });

  it('goes on when routing says IDLE anew: the agent left the queue meanwhile, and came back', () => {
    const held = heldAfter(user('IDLE', 0, counts(0, 0)), [talking('c1', 8), idle(20)]);
    expect(statusOf(held, at(59))).toEqual({ status: 'BUSY', reason: 'NON_ACD' });
  });

  it('has no say in what routing sends besides where it is no call', () => {
    const frames = [talking('c1', 8)].map((frame) => {
      const [{ calls, ...entry }] = (frame.body as { participants: [ParticipantPayload] }).participants;
      return { ...frame, body: { id: 'm1', participants: [{ ...entry, messages: calls }] } };
    });
    const held = heldAfter(user('IDLE', 0, counts(0, 0)), frames);
    expect(interactionOf(held, 'm1')).toMatchObject({ state: 'CONNECTED', media: 'message', isAcd: false });
    expect(statusOf(held, at(59)).status).toBe('AVAILABLE');
  });

  it('is known by the count where nobody has heard of it, and over when it is counted no more', () => {
    const its = translator();
    const first = its.read(user('IDLE', 0, counts(0, 1)), at(10), { ids: [], atMs: at(10) });
    expect(ownStatus(first.facets)).toEqual({ status: 'BUSY', reason: 'NON_ACD' });
    const later = its.read(user('IDLE', 0, counts(0, 0)), at(30), { ids: [], atMs: at(30) });
    expect(ownStatus(later.facets)).toEqual({ status: 'AVAILABLE' });
  });

  it('ends where it was counted by a read before anybody heard of it', () => {
    const heard = [ringing('c1', 8), talking('c1', 10), over('c1', 10, 30)];
    const readAts = [8, 9, 10, 11, 29];
    const said = readAts.map((readAt) => heldAfter(user('IDLE', 0, counts(0, 1)), heard, translator(), readAt));
    expect(said.map((held) => ownStatus(held))).toEqual(readAts.map(() => ({ status: 'AVAILABLE' })));
  });

  it('is over for a region whose connection has just begun, once the platform counts none', () => {
    const held = heldAfter(user('IDLE', 0, counts(0, 0)), [talking('lost', 8)]);
    const readAtMs = at(8) + 120_000;
    const told = translator().read(user('IDLE', 0, counts(0, 0)), readAtMs, { ids: [], atMs: readAtMs });
    const { facets } = reconcile(held, told, readAtMs);
    expect(ownStatus(merge(held, facets).facets).status).toBe('AVAILABLE');
    const uncounted = translator().read(user('IDLE', 0, { call: { contactCenter: NONE } }), readAtMs, {
      ids: [],
      atMs: readAtMs,
    });
    const { facets: unsaid } = reconcile(held, uncounted, readAtMs);
    expect(ownStatus(merge(held, unsaid).facets).status).toBe('BUSY');
  });

  it('is over where the connection knows its end and the store holds something later, once the platform counts none', () => {
    const its = translator();
    heldAfter(user('IDLE', 0, counts(0, 0)), [talking('c1', 8), over('c1', 8, 20)], its);
    const held = heldAfter(user('IDLE', 0, counts(0, 0)), [talking('c1', 21)]);
    const readAtMs = at(21) + 90_000;
    const told = its.read(user('IDLE', 0, counts(0, 0)), readAtMs, { ids: [], atMs: readAtMs });
    const { facets } = reconcile(held, told, readAtMs);
    expect(ownStatus(merge(held, facets).facets).status).toBe('AVAILABLE');
  });

  it('is counted by its own count, and chats of colleagues are not', () => {
    const chats = { chat: { contactCenter: NONE, enterprise: { active: 3, acw: 0 } } };
    expect(openWork({ ...counts(1, 2), ...chats })).toMatchObject({ active: 1, nonAcd: 2, open: { voice: 1 } });
    expect(openWork({ call: { contactCenter: NONE } })).not.toHaveProperty('nonAcd');
  });

  it('keeps voice closed while any lives, in whatever order the words on calls and on idleness come', () => {
    const calls = fc.array(
      fc.record({ from: fc.integer({ min: 2, max: 20 }), lasts: fc.integer({ min: 1, max: 20 }), ends: fc.boolean() }),
      { minLength: 1, maxLength: 3 },
    );
    const idles = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 4 });
    fc.assert(
      fc.property(calls, idles, fc.infiniteStream(fc.nat()), (told, idleAt, dice) => {
        const frames = told.flatMap(({ from, lasts, ends }, i) => [
          ringing(`c${i}`, from - 1),
          talking(`c${i}`, from),
          ...(ends ? [over(`c${i}`, from, from + lasts)] : []),
        ]);
        const shuffled = [...frames, ...idleAt.map(idle)]
          .map((frame) => [dice.next().value as number, frame] as const)
          .sort(([a], [b]) => a - b)
          .map(([, frame]) => frame);
        const held = heldAfter(user('IDLE', 0, counts(0, 0)), shuffled);
        const isClosed = told.some(({ ends }) => !ends);
        expect(ownStatus(held).status).toBe(isClosed ? 'BUSY' : 'AVAILABLE');
        expect(interactionsOf(held).filter(({ state }) => state !== 'ENDED')).toHaveLength(
          told.filter(({ ends }) => !ends).length,
        );
      }),
    );
  });
});

describe('what is put aside', () => {
  const mail = (state: string, more: object): EventFrame => ({
    kind: 'event',
    userId: USER,
    topic: 'conversations',
    body: {
      id: 'm1',
      participants: [
        {
          purpose: 'agent',
          userId: USER,
          connectedTime: time(5),
          emails: [{ state, connectedTime: time(5), ...more }],
        },
      ],
    },
  });
  const parked = mail('parked', { parkTime: time(10) });
  const resumed = mail('connected', { parkTime: time(10), resumeTime: time(20) });
  const several = { media: { email: { units: 1, beside: [] } } };
  const mails = (active: number): SummaryPayload => ({ email: { contactCenter: { active, acw: 0 } } });

  it('leaves the agent room for more until it is taken up again', () => {
    const read = user('INTERACTING', 4, mails(0));
    const said = [[mail('connected', {})], [parked], [parked, resumed]].map((frames) => {
      const its = translator();
      const { facets } = its.read(read, at(1), { ids: [], atMs: at(1) }, several);
      const held = frames
        .flatMap((frame) => its.notified(frame))
        .reduce((now, one) => merge(now, one.facets).facets, facets);
      return (
        ownStatus(held, 'email').status === 'AVAILABLE' || interactionsOf(held).every(({ state }) => state === 'ENDED')
      );
    });
    expect(said).toEqual([false, true, false]);
  });

  it('stands for itself where the platform counts it, and takes no room where it does not', () => {
    for (const counted of [0, 1]) {
      const its = translator();
      its.read(user('INTERACTING', 4, mails(0)), at(1), { ids: [], atMs: at(1) }, several);
      its.notified(parked);
      const { facets } = its.read(user('INTERACTING', 4, mails(counted)), at(50), { ids: [], atMs: at(50) }, several);
      expect(interactionsOf(facets).filter(({ state }) => state !== 'ENDED')).toEqual([]);
    }
  });

  it('is a callback for later, which alerts nobody', () => {
    const body = {
      id: 'cb',
      participants: [
        { purpose: 'agent', userId: USER, callbacks: [{ state: 'scheduled', startAlertingTime: time(5) }] },
      ],
    };
    const held = heldAfter(user('IDLE', 0, counts(0, 0)), [
      { kind: 'event', userId: USER, topic: 'conversations', body },
    ]);
    expect(statusOf(held, at(59)).status).toBe('AVAILABLE');
  });
});
