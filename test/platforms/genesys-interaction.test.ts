import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Facets, interactionsFacet, interactionsOf } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { statusOf } from '../../src/agent/status.ts';
import { readConversation, stepAfter } from '../../src/platforms/genesys/interaction.ts';
import type { ParticipantPayload } from '../../src/platforms/genesys/payloads.ts';

const USER = 'ana';
const time = (second: number) => new Date(Date.UTC(2026, 2, 2, 14, 6, second)).toISOString();
const at = (second: number) => Date.parse(time(second));

const acd = { purpose: 'acd', connectedTime: time(0), calls: [{ state: 'connected', connectedTime: time(0) }] };
const agent = (fields: ParticipantPayload): ParticipantPayload => ({ purpose: 'agent', userId: USER, ...fields });
const call = (state: string, fields: object = {}) => ({ calls: [{ state, ...fields }] });

const alerting = (second: number) => agent(call('alerting', { startAlertingTime: time(second) }));
const missed = (from: number, to: number) =>
  agent({
    endTime: time(to),
    ...call('disconnected', { startAlertingTime: time(from), disconnectedTime: time(to), disconnectType: 'system' }),
  });
const connected = agent({
  connectedTime: time(30),
  wrapupRequired: true,
  ...call('connected', { startAlertingTime: time(25), connectedTime: time(30) }),
});
const hangingUp = agent({
  connectedTime: time(30),
  wrapupRequired: true,
  startAcwTime: time(50),
  ...call('connected', { connectedTime: time(30), disconnectedTime: time(50), afterCallWork: { state: 'pending' } }),
});
const wrappingUp = agent({
  ...hangingUp,
  endTime: time(50),
  ...call('disconnected', { connectedTime: time(30), disconnectedTime: time(50), afterCallWork: { state: 'pending' } }),
});
const wrappedUp = agent({
  ...wrappingUp,
  wrapupRequired: false,
  endAcwTime: time(59),
  wrapup: { code: 'any' },
  ...call('terminated', { disconnectedTime: time(50), afterCallWork: { state: 'complete' } }),
});

const conversation = (...entries: ParticipantPayload[]) => ({ id: 'call-1', participants: [acd, ...entries] });
/** An agent who missed the call twice, then took it: the events in the order in which they happened. */
const HISTORY = [
  conversation(alerting(5)),
  conversation(missed(5, 13)),
  conversation(missed(5, 13), alerting(15)),
  conversation(missed(5, 13), missed(15, 23)),
  conversation(missed(5, 13), missed(15, 23), alerting(25)),
  conversation(missed(5, 13), missed(15, 23), connected),
  conversation(missed(5, 13), missed(15, 23), hangingUp),
  conversation(missed(5, 13), missed(15, 23), wrappingUp),
  conversation(missed(5, 13), missed(15, 23), wrappedUp),
];
const STATES = ['ALERTING', 'ENDED', 'ALERTING', 'ENDED', 'ALERTING', 'CONNECTED', 'WRAP_UP', 'WRAP_UP', 'ENDED'];

describe('an agent’s part in a conversation', () => {
  it('is that of the liveliest of the agent’s entries', () => {
    expect(HISTORY.map((body) => readConversation(USER, body)?.interaction.state)).toEqual(STATES);
  });

  it('is dated by the newest step', () => {
    const times = HISTORY.map((body) => readConversation(USER, body)?.interaction.at);
    expect(times).toEqual([5, 13, 15, 23, 25, 30, 50, 50, 59].map(at));
  });

  it('knows when it connected, and only if it did', () => {
    expect(HISTORY.map((body) => readConversation(USER, body)?.interaction.connectedAt)).toEqual([
      ...Array(5).fill(undefined),
      ...Array(4).fill(at(30)),
    ]);
  });

  it('comes out the same in any order and with duplicates', () => {
    const facts = HISTORY.map((body) => readConversation(USER, body)?.interaction);
    const anyOrder = fc.shuffledSubarray([...facts, ...facts], { minLength: 2 * facts.length });
    fc.assert(
      fc.property(anyOrder, (shuffled) => {
        const facets = shuffled.reduce<Facets>(
          (now, fact) => merge(now, fact ? interactionsFacet(fact) : {}).facets,
          {},
        );
        expect(interactionsOf(facets)).toEqual([facts.at(-1)]);
      }),
    );
  });

  it('orders an end and a new alert of the same millisecond', () => {
    const [end, again] = [conversation(missed(5, 13)), conversation(missed(5, 13), alerting(13))].map((body) =>
      readConversation(USER, body),
    );
    expect(end?.interaction.at).toBe(again?.interaction.at);
    expect(again && end && again.interaction.id > end.interaction.id).toBe(true);
  });

  it('ends without after-call work where none is owed', () => {
    const over = agent({ connectedTime: time(30), endTime: time(50), wrapupRequired: false, ...call('terminated') });
    expect(readConversation(USER, conversation(over))?.interaction).toMatchObject({ state: 'ENDED', at: at(50) });
  });

  it('owes after-call work from the end of the call, before it says that it began', () => {
    const over = agent({ connectedTime: time(30), endTime: time(50), wrapupRequired: true, ...call('disconnected') });
    expect(readConversation(USER, conversation(over))?.interaction).toMatchObject({ state: 'WRAP_UP', at: at(50) });
  });

  it('is over when every communication is, though the participant does not say so', () => {
    const over = agent({ connectedTime: time(30), ...call('terminated', { disconnectedTime: time(50) }) });
    expect(readConversation(USER, conversation(over))?.interaction).toMatchObject({ state: 'ENDED', at: at(50) });
  });

  it('says so when an alert carries no time of its own', () => {
    const reading = readConversation(USER, conversation(agent(call('alerting'))));
    expect(reading).toMatchObject({ isTimed: false, interaction: { state: 'ALERTING', at: at(0) } });
  });

  it('is none for somebody else, for the flow’s own leg, and where nothing says when', () => {
    expect(readConversation('bo', HISTORY[0] ?? {})).toBeUndefined();
    expect(
      readConversation(USER, { id: 'call-1', participants: [{ ...alerting(5), purpose: 'voicemail' }] }),
    ).toBeUndefined();
    const undated = readConversation(USER, { id: 'call-1', participants: [agent(call('alerting'))] });
    expect(undated && stepAfter(undated, undefined, undefined)).toBeUndefined();
    expect(readConversation(USER, { participants: [alerting(5)] })).toBeUndefined();
    expect(readConversation(USER, { id: 'call-1' })).toBeUndefined();
  });
});

describe('the media type of a conversation', () => {
  const lists = (...names: string[]) =>
    agent({ connectedTime: time(30), ...Object.fromEntries(names.map((name) => [name, [{ state: 'connected' }]])) });
  const mediaOf = (...entries: ParticipantPayload[]) =>
    readConversation(USER, conversation(...entries))?.interaction.media;

  it.each([
    ['calls', 'voice'],
    ['callbacks', 'callback'],
    ['chats', 'chat'],
    ['emails', 'email'],
    ['messages', 'message'],
    ['socialExpressions', 'social'],
    ['videos', 'video'],
    ['screenshares', undefined],
    ['internalMessages', undefined],
    ['holograms', 'voice'],
  ])('is by the list of its communications: %s', (list, media) => {
    expect(mediaOf(lists(list))).toBe(media);
  });

  it('stays what it is when communications of another kind join, or an agent comes in again', () => {
    expect(mediaOf(lists('callbacks', 'calls'))).toBe('callback');
    expect(mediaOf(lists('calls', 'videos'))).toBe('voice');
    expect(mediaOf(lists('videos', 'chats'))).toBe('chat');
    expect(mediaOf(lists('callbacks'), lists('calls'))).toBe('callback');
  });

  it('is not by empty lists, nor by what the customer has', () => {
    expect(mediaOf(agent({ connectedTime: time(30), chats: [], ...call('connected') }))).toBe('voice');
    expect(mediaOf({ purpose: 'customer', chats: [{ state: 'connected' }] }, connected)).toBe('voice');
  });
});

describe('an agent who is on duty and idle', () => {
  const idle: Facets = {
    presence: { state: 'ON_DUTY', at: at(1), id: 'p' },
    activity: { state: 'IDLE', at: at(2), id: 'a' },
  };

  it.each(HISTORY.map((body, step) => [STATES[step], body] as const))(
    'is busy unless the call ended: %s',
    (_, body) => {
      const reading = readConversation(USER, body);
      const { facets } = merge(idle, reading ? interactionsFacet(reading.interaction) : {});
      const expected = reading?.interaction.state === 'ENDED' ? 'AVAILABLE' : 'BUSY';
      expect(statusOf(facets, at(59)).status).toBe(expected);
    },
  );
});
