import type { Send } from '@muster/simulators/cxone/ground-truth';
import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import type { SimulatorOptions } from '@muster/simulators/cxone/options';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import { afterEach, describe, expect, it } from 'vitest';
import { BRISK, CxoneClient, NO_LAG } from './cxone-client.ts';
import { until } from './until.ts';

describe('omnichannel agents of the CXone simulator', () => {
  let simulator: CxoneSimulator;
  let client: CxoneClient;
  let userId: string;
  let total: number;
  let sent: number;

  afterEach(() => simulator.stop());

  async function start(options: Partial<SimulatorOptions> = {}): Promise<void> {
    sent = 0;
    const habits = { ...BRISK, talkMs: 20_000, digitalMs: 20_000, ...options.habits };
    simulator = await startCxoneSimulator({ agents: 6, omnichannel: 1, ...options, habits, timings: NO_LAG });
    client = await CxoneClient.login(simulator);
    await until(() => expect(simulator.state().idle).toBe(6));
    const { agents } = (await client.get('/agents')).body;
    [{ agentId: userId, totalContactCount: total }] = agents;
    userId = String(userId);
    expect(agents[0]).toMatchObject({ deliveryMode: 'Omnichannel', voiceThreshold: 1, digitalThreshold: 3 });
  }

  const send = (mediaType: Send['mediaType']) => simulator.send({ conversationId: String(++sent), userId, mediaType });
  const connected = (count: number) =>
    until(() =>
      expect(simulator.user(userId).interactions.filter(({ state }) => state === 'CONNECTED')).toHaveLength(count),
    );
  const row = async () => (await client.get('/agents/states?top=1')).body.agentStates[0];

  it('carry several contacts at once, up to the threshold of each medium', async () => {
    await start();
    for (let unit = 1; unit <= 3; unit++) expect(send('message').accepted).toBe(true);
    await connected(3);
    expect(await row()).toMatchObject({ agentStateId: 3, mediaTypeId: 9, openContacts: 3 });
    const { activeContacts } = (await client.get(`/contacts/active?agentId=${userId}`)).body;
    expect(activeContacts.map(({ mediaTypeId }: { mediaTypeId: number }) => mediaTypeId)).toEqual([9, 9, 9]);
    const fourth = send('message');
    expect(fourth).toMatchObject({ accepted: false });
    expect(['AT_THRESHOLD', 'AT_TOTAL']).toContain('reason' in fourth && fourth.reason);
    expect(simulator.state()).toMatchObject({ doubleBookings: 1, interacting: 1, interactionsSent: 3 });
  });

  it('carry one call at the most, and something written beside it', async () => {
    await start();
    expect(send('call').accepted).toBe(true);
    expect(send('call')).toEqual({ accepted: false, reason: 'ALERTING' });
    expect(send('voicemail')).toEqual({ accepted: false, reason: 'ALERTING' });
    expect(send('chat').accepted).toBe(true);
    await connected(2);
    expect(send('call')).toEqual({ accepted: false, reason: 'CONNECTED' });
  });

  it('carry no more in all than their total', async () => {
    await start();
    const media = ['call', 'chat', 'chat', 'email', 'email', 'message'] as const;
    for (let unit = 0; unit < total; unit++) expect(send(media[unit]).accepted).toBe(true);
    expect(send('workItem')).toEqual({ accepted: false, reason: 'AT_TOTAL' });
    expect(simulator.user(userId)).toMatchObject({ takes: [], available: false });
  });

  it('look available while they have room, if so switched', async () => {
    await start({ switches: { partialLoad: 'available' } });
    send('message');
    await connected(1);
    expect(await row()).toMatchObject({ agentStateId: 1, openContacts: 1, contactId: expect.any(Number) });
  });

  it('work up a call beside what is written; what is written just ends', async () => {
    await start({ habits: { talkMs: 1, wrapUpMs: 20_000 } });
    send('message');
    send('call');
    await until(() => expect(simulator.user(userId).isACW).toBe(true));
    await connected(1);
    expect(await row()).toMatchObject({ agentStateId: 2, isACW: true, openContacts: 1 });
    expect(send('call')).toEqual({ accepted: false, reason: 'WRAP_UP' });
    expect(send('chat').accepted).toBe(true);
  });

  it('refuse nothing and stay while there is room: a contact could be on its way', async () => {
    await start({ habits: { missesCall: 1, takesBreak: 0.5, endsShift: 0.5, digitalMs: 10 } });
    for (let contact = 1; contact <= 5; contact++) {
      expect(send('message').accepted).toBe(true);
      await until(() => expect(simulator.user(userId).interactions).toEqual([]));
    }
    expect(simulator.user(userId)).toMatchObject({ agentStateId: 1, available: true });
    expect(simulator.state()).toMatchObject({ interactionsMissed: 0, interactionsCompleted: 5 });
  });

  it('who go home while they still have contacts are about to log out until the last has ended', async () => {
    const words: string[] = [];
    await start({
      habits: { endsShift: 1, talkMs: 10, digitalMs: 10, shiftGapMs: 20_000 },
      witness: {
        changed: (change) => change.what === 'routingStatus' && change.userId === '1001' && words.push(change.value),
        ended() {},
        answered() {},
        notifies() {},
      },
    });
    const media = ['message', 'message', 'chat', 'email', 'email'] as const;
    for (let unit = 0; unit < total; unit++) expect(send(media[unit]).accepted).toBe(true);
    await until(() => expect(simulator.user(userId)).toMatchObject({ agentStateId: 0, interactions: [] }));
    expect(words.slice(-3)).toEqual(['3', '2/-12', '0']);
  });

  it('who are full may leave with the first contact that ends, and keep the others', async () => {
    await start({ habits: { takesBreak: 1, talkMs: 1, wrapUpMs: 1, breakMs: 20_000 } });
    const media = ['message', 'message', 'chat', 'chat', 'email', 'email'] as const;
    for (let unit = 1; unit < total; unit++) expect(send(media[unit - 1]).accepted).toBe(true);
    await connected(total - 1);
    expect(send('call').accepted).toBe(true);
    await until(() => expect(simulator.user(userId).interactions).toHaveLength(total - 1));
    expect(await row()).toMatchObject({ agentStateId: 2, openContacts: total - 1 });
    expect(send('email')).toEqual({ accepted: false, reason: 'UNAVAILABLE' });
  });
});
