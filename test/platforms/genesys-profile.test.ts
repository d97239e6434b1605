import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { skillsOf } from '../../src/platforms/genesys/normalise.ts';
import { Translator } from '../../src/platforms/genesys/translator.ts';
import { GenesysClient } from '../simulators/genesys-client.ts';
import { liveWorld } from './genesys-recorder.ts';
import { endWorlds, type Recorder } from './recorder.ts';

afterEach(endWorlds);

/** Every queue the user has been assigned to, joined or not. */
async function assigned(simulator: GenesysSimulator, userId: string): Promise<string[]> {
  const client = await GenesysClient.login(simulator);
  const idsOf = async (joined: boolean) =>
    (await client.get(`/api/v2/users/${userId}/queues?joined=${joined}`)).body.entities.map(
      ({ id }: { id: string }) => id,
    );
  return [...(await idsOf(true)), ...(await idsOf(false))];
}

const queuesOf = (recorder: Recorder, userId: string) =>
  (recorder.facets(userId).profile?.queues ?? []).map((id) => id.slice('genesys-test:'.length));

describe('the queues of a user', () => {
  it('are those joined, as a reading says, and not those only assigned', async () => {
    const { simulator, recorder, userId } = await liveWorld({}, {}, 1000);
    const queueIds = await assigned(simulator, userId);
    simulator.faults({ dropEvents: 1 });
    simulator.setUser(userId, { joinedQueueIds: [] });
    await recorder.until(() => queuesOf(recorder, userId).length === 0);
    simulator.setUser(userId, { joinedQueueIds: queueIds });
    await recorder.until(() => queuesOf(recorder, userId).join() === queueIds.toSorted().join());
  });

  it('change with the notification that the user has left or joined one', async () => {
    const { simulator, recorder, userId } = await liveWorld();
    const queueIds = await assigned(simulator, userId);
    simulator.setUser(userId, { joinedQueueIds: [] });
    await recorder.until(() => queuesOf(recorder, userId).length === 0);
    simulator.setUser(userId, { joinedQueueIds: queueIds.slice(0, 1) });
    await recorder.until(() => queuesOf(recorder, userId).join() === queueIds[0]);
  });
});

describe('the skills of a user', () => {
  it('are the active skills and languages; of two with one name the higher level counts', () => {
    const skills = [
      { name: 'Billing', proficiency: 4, state: 'ACTIVE' },
      { name: 'Spanish', proficiency: 1, state: 'ACTIVE' },
      { name: 'German', proficiency: 5, state: 'active' },
    ];
    const languages = [
      { name: 'Spanish', proficiency: 4.5, state: 'active' },
      { name: 'German', proficiency: 2, state: 'active' },
      { name: 'Dutch', proficiency: 0, state: 'active' },
      { name: 'Latin', proficiency: 5, state: 'deleted' },
    ];
    expect(skillsOf(skills, languages)).toEqual({ Billing: 80, Spanish: 90, German: 100, Dutch: 0 });
  });

  it('are what the platform lists of both', async () => {
    const { simulator, recorder } = await liveWorld();
    const client = await GenesysClient.login(simulator);
    let spoken = 0;
    for (const userId of recorder.userIds()) {
      const listed = async (list: string) => (await client.get(`/api/v2/users/${userId}/${list}`)).body.entities;
      const [skills, languages] = [await listed('routingskills'), await listed('routinglanguages')];
      const levels = [...skills, ...languages].map(({ name, proficiency }) => [name, proficiency * 20]);
      expect(recorder.facets(userId).profile?.skills).toEqual(Object.fromEntries(levels));
      spoken += languages.length;
    }
    expect(spoken).toBeGreaterThan(0);
  });

  it('stay as they were where the platform leaves one of them out', async () => {
    const { simulator, recorder, userId } = await liveWorld({}, {}, 1000);
    const before = recorder.facets(userId).profile;
    const read = () => recorder.connection.health().lastSnapshotMs;
    simulator.faults({ omitExpands: ['languages'] });
    const reached = read();
    await recorder.until(() => read() !== reached);
    simulator.faults({ omitExpands: ['skills'] });
    const again = read();
    await recorder.until(() => read() !== again);
    expect(recorder.facets(userId).profile).toEqual(before);
  });
});

describe('a user who is gone', () => {
  it('is off duty once a reading finds that the user was deleted', async () => {
    const { simulator, recorder, userId } = await liveWorld({}, {}, 1000);
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
    simulator.deleteUser(userId);
    await recorder.until(() => recorder.status(userId).status === 'OFFLINE');
    expect(recorder.status(userId)).toEqual({ status: 'OFFLINE', reason: 'INACTIVE' });
    expect(recorder.reading(userId)).toMatchObject({ isGone: true });
  });

  it.each(['inactive', 'DELETED'])('is one whose state is %s, too', (state) => {
    const translator = new Translator(
      { connection: 'emea', count: () => {}, log: { info: () => {}, warn: () => {} } },
      new Map(),
      () => {},
    );
    const reading = translator.read({ id: 'ana', state }, 1_772_460_000_000, { ids: [], atMs: 0 });
    expect(reading).toMatchObject({ isGone: true, facets: { presence: { state: 'OFF_DUTY', reason: 'INACTIVE' } } });
  });
});

describe('a presence of the organisation’s own', () => {
  it('is shown as the config says, from a reading and from a notification', async () => {
    const first = await liveWorld();
    const client = await GenesysClient.login(first.simulator);
    const { entities } = (await client.get('/api/v2/presence/definitions')).body;
    const { id } = entities.find(({ name }: { name: string }) => name === 'Coaching');
    const presences = { [id]: { reason: 'COACHING', state: 'PAUSED' as const } };
    // The same organisation once more: it has the same ids.
    const { simulator, recorder, userId } = await liveWorld({}, { presences });
    const supervisor = await GenesysClient.login(simulator);
    await supervisor.call('PATCH', `/api/v2/users/${userId}/presences/purecloud`, { presenceDefinition: { id } });
    await recorder.until(() => recorder.status(userId).reason === 'COACHING');
    expect(recorder.status(userId).status).toBe('BUSY');
    recorder.lose(userId);
    simulator.faults({ closeSockets: 1006 });
    await recorder.until(() => recorder.status(userId).reason === 'COACHING');
  });
});
