import { MEDIA_WORDS } from '@muster/simulators/cxone/ground-truth';
import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import type { SimulatorOptions } from '@muster/simulators/cxone/options';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import type { Change } from '@muster/simulators/kit/witness';
import { afterEach, describe, expect, it } from 'vitest';
import { BRISK, CxoneClient, NO_LAG } from './cxone-client.ts';
import { until } from './until.ts';

const FIRST = '1001';
const OTHER = '1002';
const WORDS = Object.keys(MEDIA_WORDS) as (keyof typeof MEDIA_WORDS)[];

describe('agents of the CXone simulator', () => {
  let simulator: CxoneSimulator;
  let client: CxoneClient;
  let changes: Change[];

  afterEach(() => simulator.stop());

  async function start(options: Partial<SimulatorOptions> = {}): Promise<void> {
    changes = [];
    const witness = { changed: (change: Change) => changes.push(change), ended() {}, answered() {}, notifies() {} };
    const timings = { ...NO_LAG, ...options.timings };
    const habits = { ...BRISK, ...options.habits };
    simulator = await startCxoneSimulator({ agents: 6, omnichannel: 0, witness, ...options, habits, timings });
    client = await CxoneClient.login(simulator);
    if (!options.paused) await until(() => expect(simulator.state().idle).toBe(simulator.state().agents));
  }

  const send = (conversationId: string, userId = FIRST) =>
    client.control('POST', '/interactions', { conversationId, userId });
  const inState = (state: string) => until(() => expect(simulator.user(FIRST).interactions[0]?.state).toBe(state));
  const free = () => until(() => expect(simulator.user(FIRST)).toMatchObject({ interactions: [], available: true }));
  const story = (userId = FIRST) =>
    changes.filter((change) => change.what === 'routingStatus' && change.userId === userId).map(({ value }) => value);
  const rowOf = async (agentId: string) =>
    (await client.get('/agents/states')).body.agentStates.find(
      (row: { agentId: number }) => String(row.agentId) === agentId,
    );

  it('log in, ring, talk, wrap up and are available again, by the platform’s own states', async () => {
    await start();
    expect((await send('4711')).body).toEqual({ accepted: true, contactId: 4711 });
    await until(() => expect(simulator.state().interactionsCompleted).toBe(1));
    expect(story()).toEqual(['8', '2/3', '1', '2/-3', '3', '2/411/ACW', '1']);
    expect(changes.filter(({ userId }) => userId === FIRST).map(({ atMs }) => atMs)).toEqual(
      changes
        .filter(({ userId }) => userId === FIRST)
        .map(({ atMs }) => atMs)
        .sort((one, other) => one - other),
    );
    expect(simulator.state()).toMatchObject({ interactionsSent: 1, interactionsCompleted: 1, doubleBookings: 0 });
  });

  it.each([
    ['inboundContact', ['1', '3', '2/411/ACW', '1']],
    ['available', ['1', '3', '2/411/ACW', '1']],
  ] as const)('look %s while it rings, if so switched', async (ringing, states) => {
    await start({ switches: { ringing }, habits: { answerFromMs: 150, answerToMs: 150 } });
    await send('4711');
    expect(simulator.user(FIRST).agentStateId).toBe(ringing === 'available' ? 1 : 3);
    await until(() => expect(simulator.state().interactionsCompleted).toBe(1));
    expect(story().slice(2)).toEqual(states);
  });

  it('show after-call work in a row that still names the contact', async () => {
    await start({ habits: { talkMs: 1, wrapUpMs: 20_000 } });
    await send('4711');
    await inState('WRAP_UP');
    expect(await rowOf(FIRST)).toMatchObject({
      agentStateId: 2,
      isACW: true,
      outStateId: 411,
      contactId: 4711,
      openContacts: 0,
    });
    expect((await send('4712')).body).toEqual({ accepted: false, reason: 'WRAP_UP' });
    simulator.switches({ acw: 'contact' });
    expect(await rowOf(FIRST)).toMatchObject({ agentStateId: 3, isACW: true });
  });

  it('who have no room are counted as double booked, and who are away as refusing, with the reason', async () => {
    await start({ habits: { talkMs: 20_000 } });
    expect(simulator.send({ conversationId: '1', userId: FIRST })).toEqual({ accepted: true, contactId: 1 });
    // At once: they answer soon.
    expect(simulator.send({ conversationId: '2', userId: FIRST })).toMatchObject({ reason: 'ALERTING' });
    expect((await send('1')).status).toBe(200);
    await inState('CONNECTED');
    const connected = await send('2');
    expect([connected.status, connected.body.reason]).toEqual([409, 'CONNECTED']);
    expect((await send('1', OTHER)).body.reason).toBe('CONVERSATION_ELSEWHERE');
    const reasonFor = async (change: object) => {
      await client.control('POST', `/users/${OTHER}`, change);
      return (await send('3', OTHER)).body.reason;
    };
    expect(await reasonFor({ outStateId: 402 })).toBe('UNAVAILABLE');
    expect(await reasonFor({ outStateId: -1 })).toBe('REFUSED');
    expect(await reasonFor({ agentStateId: 6 })).toBe('WORKING');
    expect(await reasonFor({ agentStateId: 0 })).toBe('LOGGED_OUT');
    const state = (await client.control('GET', '/state')).body;
    expect(state).toMatchObject({ interactionsSent: 1, doubleBookings: 4, refusals: 3 });
    const reasons = (list: { reason: string }[]) => list.map(({ reason }) => reason);
    expect(reasons(state.refusalList)).toEqual(['UNAVAILABLE', 'REFUSED', 'LOGGED_OUT']);
    expect(reasons(state.doubleBookingList)).toEqual(['ALERTING', 'CONNECTED', 'CONVERSATION_ELSEWHERE', 'WORKING']);
    expect(state.doubleBookingList[1]).toMatchObject({
      conversationId: '2',
      userId: FIRST,
      reason: 'CONNECTED',
      busyWith: '1',
      at: expect.any(String),
    });
  });

  it('who do not answer are Refused until they are back; the contact waits in the queue', async () => {
    await start({ habits: { missesCall: 1, refusedMs: 20_000 } });
    await send('4711');
    await until(() => expect(simulator.user(FIRST)).toMatchObject({ agentStateId: 2, outStateId: -1 }));
    expect(await rowOf(FIRST)).toMatchObject({ outStateId: -1, outStateDescription: 'Refused', contactId: 0 });
    const { body } = await client.get('/contacts/active?contactId=4711');
    expect(body.activeContacts).toEqual([expect.objectContaining({ agentId: 0, stateName: 'InQueue' })]);
    expect((await send('4711', OTHER)).body).toEqual({ accepted: true, contactId: 4711 });
    expect(simulator.state()).toMatchObject({ interactionsMissed: 1, doubleBookings: 0 });
    simulator.setUser(FIRST, { agentStateId: 1 });
    expect(simulator.user(FIRST).available).toBe(true);
  });

  it('take a break or go home with the end of a contact, never from an idle seat', async () => {
    await start({
      agents: 20,
      omnichannel: 0.5,
      habits: { takesBreak: 0.3, endsShift: 0.3, talkMs: 10, wrapUpMs: 10 },
    });
    for (let call = 1; call <= 120; call++) {
      const open = () => simulator.users().find(({ available }) => available);
      await until(() => expect(open()).toBeDefined());
      const { id = '', takes = [] } = open() ?? {};
      const mediaType = WORDS.find((word) => MEDIA_WORDS[word] === takes.at(-1));
      expect(simulator.send({ conversationId: String(call), userId: id, mediaType }).accepted).toBe(true);
    }
    await until(() => expect(simulator.state().interactionsCompleted).toBe(120));
    const departures = simulator
      .users()
      .flatMap(({ id }) =>
        story(id).flatMap((word, at, words) => (/^(0$|2\/40|2\/-12)/.test(word) ? [words[at - 1]] : [])),
      );
    expect(departures.length).toBeGreaterThan(5);
    expect(departures).not.toContain('1');
  });

  it('are logged out by the platform when they stay in a code too long', async () => {
    await start({ timings: { codeTimeoutMs: 120 } });
    simulator.setUser(FIRST, { outStateId: 402 });
    await until(() => expect(simulator.user(FIRST).agentStateId).toBe(0));
    expect(story().slice(-2)).toEqual(['2/402', '0']);
  });

  it('of a story told by hand hold, transfer and consult', async () => {
    await start({ habits: { talkMs: 20_000 } });
    await send('4711');
    await inState('CONNECTED');
    await client.control('POST', '/contacts/4711/hold', { isHeld: true });
    const contact = async () => (await client.get('/contacts/active')).body.activeContacts[0];
    expect(await contact()).toMatchObject({ stateId: 8, holdCount: 1, agentId: 1001 });
    await client.control('POST', `/users/${OTHER}`, { agentStateId: 5 });
    expect(await rowOf(OTHER)).toMatchObject({ agentStateId: 5, agentStateName: 'InboundConsult' });
    simulator.setUser(OTHER, { agentStateId: 1 });
    await client.control('POST', '/contacts/4711/transfer', { userId: OTHER });
    expect(await contact()).toMatchObject({ stateId: 4, agentId: 1002 });
    expect(simulator.user(FIRST)).toMatchObject({ agentStateId: 1, available: true });
    expect(simulator.user(OTHER)).toMatchObject({ agentStateId: 3, openContacts: 1 });
    expect((await client.control('POST', '/contacts/9/hold', { isHeld: true })).status).toBe(404);
    expect((await client.control('POST', `/users/${OTHER}`, { outStateId: 999 })).status).toBe(400);
    expect((await client.control('POST', '/users/9', {})).status).toBe(404);
  });

  it('start nothing new while life is paused, and finish what runs', async () => {
    await start({ paused: true });
    expect(simulator.state()).toMatchObject({ onQueue: 0, idle: 0 });
    await client.control('POST', '/resume');
    await until(() => expect(simulator.state().idle).toBe(6));
    simulator.send({ conversationId: '1', userId: FIRST });
    simulator.pause();
    await until(() => expect(simulator.state()).toMatchObject({ interacting: 0, interactionsCompleted: 1 }));
    await free();
  });

  it('wrap up at once when whoever called hangs up', async () => {
    await start({ habits: { talkMs: 600_000, digitalMs: 600_000 } });
    await free();
    simulator.send({ conversationId: '1', userId: FIRST });
    await until(() => expect(simulator.user(FIRST).openContacts).toBe(1));
    await until(() => {
      simulator.hangUp();
      expect(simulator.state()).toMatchObject({ interacting: 0, interactionsCompleted: 1 });
    });
  });

  it('whose account is closed are logged out, and told so', async () => {
    await start();
    simulator.deleteUser(FIRST);
    expect(await rowOf(FIRST)).toMatchObject({ agentStateId: 0, isActive: false });
    expect(simulator.send({ conversationId: '1', userId: FIRST })).toEqual({ accepted: false, reason: 'LOGGED_OUT' });
    expect((await client.get('/agents?isActive=false')).body.agents).toHaveLength(1);
  });
});
