import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import { SWITCHES } from '@muster/simulators/cxone/switches';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BRISK, CxoneClient, NO_LAG } from './cxone-client.ts';
import { until } from './until.ts';

const AGENTS = 30;

describe('the API of the CXone simulator', () => {
  let simulator: CxoneSimulator;
  let client: CxoneClient;

  beforeAll(async () => {
    const habits = { ...BRISK, talkMs: 60_000, digitalMs: 60_000 };
    simulator = await startCxoneSimulator({ agents: AGENTS, habits, timings: NO_LAG, requestsPerMinute: 10_000 });
    client = await CxoneClient.login(simulator);
    await until(() => expect(simulator.state().idle).toBe(AGENTS));
  });
  afterAll(() => simulator.stop());
  afterEach(() => {
    simulator.switches(SWITCHES);
  });

  const body = async (path: string) => (await client.get(path)).body;
  const refusal = async (path: string) => {
    const { status, headers } = await client.get(path);
    return [status, headers.get('icStatusDescription')];
  };

  describe('answers', () => {
    it('are JSON, say Success, and echo the correlation id', async () => {
      const { status, headers } = await client.get('/server-time', { CorrelationId: 'abc-1' });
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(headers.get('icStatusDescription')).toBe('Success');
      expect(headers.get('CorrelationId')).toBe('abc-1');
    });

    it('are a literal text for whoever does not ask for JSON', async () => {
      const { status, text } = await client.get('/server-time', { accept: '*/*' });
      expect([status, text]).toEqual([200, 'No known way to render data']);
      simulator.switches({ missingAcceptStatus: 406 });
      expect((await client.get('/server-time', { accept: '*/*' })).status).toBe(406);
    });

    it('come whatever the case of the path, for every version that ever was', async () => {
      const headers = { accept: 'application/json', authorization: `Bearer ${client.token}` };
      const ask = (path: string) => client.ask(path, { headers });
      expect((await ask('/InContactAPI/Services/V23.0/Agents/States')).status).toBe(200);
      expect((await ask('/inContactAPI/services/v20/agents')).status).toBe(200);
      expect((await ask('/incontactapi/services/v19.0/agents')).status).toBe(404);
      expect((await ask('/incontactapi/services/v41.0/agents')).status).toBe(404);
      expect(simulator.versions()).toEqual(['v20.0', 'v23.0', 'v34.0']);
    });

    it('refuse without a token, a path without its id, and what does not exist', async () => {
      const bare = await client.get('/agents', { authorization: '' });
      expect([bare.status, bare.headers.get('icStatusDescription'), bare.text]).toEqual([401, 'Unauthorized', '']);
      expect(await refusal('/agents//states')).toEqual([405, 'Method Not Allowed']);
      expect(await refusal('/agents/activity/now')).toEqual([404, 'Not Found']);
    });

    it('put the text of an error into a body of HTML or JSON, if so switched', async () => {
      simulator.switches({ errorBody: 'html' });
      expect((await client.get('/agents/0')).text).toContain('<html>');
      simulator.switches({ errorBody: 'json' });
      expect(await body('/agents/0')).toEqual({ error: '404', error_description: 'Invalid Agent Id' });
    });

    it('are wrapped in resultSet if so switched, but for /agents/states', async () => {
      simulator.switches({ resultSet: true });
      expect(await body('/agents/skills')).toEqual({
        resultSet: expect.objectContaining({ lastPollTime: expect.any(String) }),
      });
      expect((await body('/agents/states')).agentStates).toHaveLength(AGENTS);
    });
  });

  it('lists agents with what they may carry', async () => {
    const { agents, hiddenAgents } = await body('/agents');
    expect(hiddenAgents).toBe(0);
    const modes = new Set(agents.map(({ deliveryMode }: { deliveryMode: string }) => deliveryMode));
    expect(modes).toEqual(new Set(['Omnichannel', 'Single Contact']));
    const single = agents.find((agent: { deliveryMode: string }) => agent.deliveryMode === 'Single Contact');
    expect(single).toMatchObject({
      totalContactCount: 1,
      voiceThreshold: 1,
      isActive: true,
      teamId: expect.any(Number),
    });
    expect((await body(`/agents/${single.agentId}`)).agents).toEqual([single]);
    expect((await body(`/agents/${single.userID}`)).agents).toEqual([single]);
    expect((await body(`/agents?searchString=${single.userName}`)).agents).toEqual([single]);
    expect(await refusal('/agents/1')).toEqual([404, 'Invalid Agent Id']);
  });

  it('lists the agents whose account has changed, by any spelling of the parameter', async () => {
    const since = '2026-03-01T00:00:00Z';
    expect((await body(`/agents?updateSince=${since}`)).totalRecords).toBe(0);
    expect((await body(`/agents/skills?UpdatedSince=${since}`)).totalRecords).toBe(0);
    simulator.setUser('1030', { isActive: false });
    simulator.setUser('1030', { isActive: true, agentStateId: 1 });
    const { agents } = await body(`/agents?updatedSince=${since}`);
    expect(agents.map(({ agentId }: { agentId: number }) => agentId)).toEqual([1030]);
    simulator.switches({ adminDeltas: false });
    expect((await body(`/agents?updatedSince=${since}`)).totalRecords).toBe(AGENTS);
  });

  it('lists every skill of every agent, by proficiency from 1 to 20', async () => {
    const { agentSkillAssignments: all, totalRecords } = await body('/agents/skills');
    expect(all).toHaveLength(totalRecords);
    for (const { agentProficiencyValue: value } of all) expect([value >= 1, value <= 20]).toEqual([true, true]);
    const mine = all.filter(({ agentId }: { agentId: number }) => agentId === 1001);
    expect((await body('/agents/1001/skills')).agentSkillAssignments).toEqual(mine);
    const inactive = (await body('/agents/skills?isActive=false')).agentSkillAssignments;
    expect(inactive.length).toBeLessThan(totalRecords / 5);
    simulator.switches({ fieldNames: 'legacy' });
    const [first] = (await body('/agents/skills')).agentSkillAssignments;
    expect(first).toMatchObject({ agentProficencyValue: all[0].agentProficiencyValue });
    expect(first).not.toHaveProperty('agentProficiencyValue');
  });

  it('lists skills of every medium and who has them', async () => {
    const { skills } = await body('/skills');
    const media = skills.map(({ mediaTypeId }: { mediaTypeId: number }) => mediaTypeId);
    expect(media).toEqual([4, 4, 4, 4, 4, 4, 3, 1, 9]);
    expect(await body(`/skills/${skills[0].skillId}`)).toEqual(skills[0]);
    const { agentSkillAssignments } = await body(`/skills/${skills[0].skillId}/agents`);
    expect(agentSkillAssignments[0]).toMatchObject({ skillId: skills[0].skillId, isAssigned: true });
    expect((await body('/skills?mediaTypeId=9')).skills).toHaveLength(1);
    expect(await refusal('/skills/1')).toEqual([404, 'InvalidSkillId']);
  });

  it('lists teams, their agents and their unavailable codes', async () => {
    const { teams } = await body('/teams');
    const members = await Promise.all(
      teams.map(async ({ teamId }: { teamId: number }) => (await body(`/teams/${teamId}/agents`)).agents.length),
    );
    expect(members.reduce((sum, count) => sum + count, 0)).toBe(AGENTS);
    const { unavailableCodes } = await body('/teams/310/unavailable-codes');
    expect(unavailableCodes).toContainEqual({
      outstateId: 411,
      outstateName: 'After Call Work',
      isActive: true,
      isAcw: true,
      agentTimeoutMins: '120',
    });
    simulator.switches({ fieldNames: 'legacy', resultSet: true });
    const legacy = await body('/teams/310/unavailable-codes');
    expect(legacy.resultSet.unavailableCodes[0]).toMatchObject({ outStateId: 401, outStateName: 'Break' });
  });

  it('says what ids mean, what time it is and who one is talking to', async () => {
    expect((await body('/agents-states')).agentStates).toContainEqual({ agentStateId: 8, agentStateName: 'LoggedIn' });
    expect((await body('/contact-state-descriptions')).contactStateDescriptions).toContainEqual({
      ContactStateId: 4,
      ContactStateDescription: 'Active',
      ContactStateCategory: 'With Agent',
    });
    expect((await body('/media-types')).mediaTypes).toContainEqual({ mediaTypeId: 9, mediaTypeName: 'Digital' });
    expect((await body('/server-time')).ServerTime).toMatch(/Z$/);
    const [unit] = (await body('/business-unit')).businessUnits;
    expect(unit).toMatchObject({ businessUnitId: expect.any(Number), isMultiContactHandling: true });
    const { apiInfo } = await body('/apiversion?searchUriText=/agents/states');
    expect(apiInfo).toEqual([{ uri: '/agents/states', version: 'v34.0', verb: 'GET' }]);
  });

  it('tells of contacts, and of skills by them', async () => {
    expect(await refusal('/contacts/active')).toEqual([204, 'No Contacts for the specified period']);
    const { skillId } = (await body('/agents/1001/skills')).agentSkillAssignments[0];
    const before = (await body(`/skills/${skillId}/activity`)).skillActivity[0];
    simulator.send({ conversationId: '4711', userId: '1001', queueId: String(skillId), mediaType: 'call' });
    await until(() => expect(simulator.user('1001').interactions[0]?.state).toBe('CONNECTED'));
    const { activeContacts } = await body(`/contacts/active?agentId=1001&mediaTypeId=4&skillId=${skillId}`);
    expect(activeContacts).toEqual([
      expect.objectContaining({
        contactId: 4711,
        agentId: 1001,
        skillId,
        stateId: 4,
        contactStateCategory: 'With Agent',
      }),
    ]);
    const after = (await body(`/skills/${skillId}/activity`)).skillActivity[0];
    expect(after).toMatchObject({ contactsActive: 1, agentsAvailable: before.agentsAvailable - 1, mediaTypeId: 4 });
    expect((await body('/contacts/states?agentId=1001')).contactStates).toEqual([
      expect.objectContaining({ contactId: 4711, contactStateName: 'Active' }),
    ]);
    expect(await refusal('/contacts/active?agentId=1002')).toEqual([204, 'No Contacts for the specified period']);
    simulator.switches({ fieldNames: 'legacy', resultSet: true });
    const [legacy] = (await body('/contacts/active')).resultSet.activeContacts;
    expect(legacy).toMatchObject({ state: 'Active', mediaType: 4, contactStart: expect.any(String) });
  });

  it.each([
    ['/contacts/active?updatedSince=Invalid', 400, 'Invalid updatedSince'],
    ['/contacts/active?skillId=x', 400, "Invalid filter parameter skillId - 'x', must be an integer"],
    ['/skills/activity?updatedSince=Invalid', 400, 'InvalidUpdatedSince'],
    ['/skills/activity?mediaTypeId=77', 400, 'InvalidMediaType'],
    ['/skills/1/activity', 404, 'InvalidSkillId'],
  ])('refuses %s', async (path, status, text) => {
    expect(await refusal(path)).toEqual([status, text]);
  });
});
