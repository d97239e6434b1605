import type { AgentAnswer } from '../src/contract/agents.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, lastInLine } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';
import { duration } from './stage/words.ts';

const CUT = 'eu-west-1';
const HOME = 'us-east-1';
const BUS = 'bus';
/** Number of claims which shows that a region goes on. */
const OWN = 5;

export const busPartition: Drill = {
  name: 'bus-partition',
  proves:
    'A region cut off from the bus goes on with its own agents, says how old what it knows of others is, and asks the ' +
    'platform before it believes it; when the link is back, all agree and nothing is lost.',
  async run(stage) {
    const world = await stage.open('bus-partition');
    const region = ask.regionOf(world, CUT);
    const tally = ask.tallyOf(world, CUT);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');

    const own = () => tally.byHome.get(CUT) ?? 0;
    const whenCut = await stage.step(`${CUT} is cut off from the bus`, async (say) => {
      const { state, age_ms } = await ask.viewOf(world, region, HOME);
      say(`${HOME} in ${CUT}`, `${state}, ${age_ms} ms old`);
      world.weather.link(CUT, BUS).cut();
      say('link', `${CUT} to the bus: ${world.weather.link(CUT, BUS).report().state}`);
      return own();
    });
    const whenStale = await stage.step(`${CUT} reports its knowledge of ${HOME} as stale`, async (say) => {
      const { seen, afterMs } = await stage.until(
        `${HOME} is stale`,
        () => ask.viewOf(world, region, HOME),
        ask.isAllStale,
        2 * stage.pace.staleMs,
      );
      say(`${HOME} in ${CUT}`, `${seen.state}, ${duration(seen.age_ms ?? 0)} old, after ${duration(afterMs)} more`);
      return own();
    });
    await stage.step(`${CUT} has kept granting its own agents all along, and goes on`, async (say) => {
      const { seen } = await stage.until(`${OWN} more claims on its own agents`, own, (now) => now >= whenStale + OWN);
      say('until then', `${whenStale - whenCut} claims on agents of ${CUT}`);
      say('since then', `${seen - whenStale} claims`);
      demand(whenStale > whenCut, `${CUT} has granted none of its agents while it was cut off`);
    });
    const quietMs = await stage.step('Calls stop for a while', async (say) => {
      await world.callers.stop();
      say('calls under way', world.callers.inFlight);
      return stage.elapsedMs;
    });
    await lookUp(stage, world, await goOnBreak(stage, world, quietMs));
    await stage.step('The link comes back', async (say) => {
      const waiting = (await ask.report(world, region)).outbox ?? 0;
      world.weather.link(CUT, BUS).clear();
      const { seen, afterMs } = await stage.until(
        'all regions hear each other, and nothing waits',
        () => ask.reports(world),
        (reports) =>
          reports.every(
            ({ regions, outbox }) => (outbox ?? waiting) < waiting && regions.every(({ state }) => state === 'fresh'),
          ),
      );
      say(`waiting in ${CUT}`, `${waiting} changes before, ${seen.find((one) => one.region === CUT)?.outbox} after`);
      say('all fresh', `after ${duration(afterMs)}`);
    });
    await callsGetAgents(stage, world, 'Calls get agents in every region as before');
    await stage.prove();
  },
};

interface Look {
  agent: AgentAnswer;
  /** The record in the region's Redis after the lookup. */
  record: string;
}

async function lookAt(world: World, agentId: string): Promise<Look> {
  const region = ask.regionOf(world, CUT);
  const agent = await ask.agentIn(world, region, agentId);
  return { agent, record: await ask.recordIn(region, agentId) };
}

/**
 * An agent who is known to be available goes on a break, which does not reach the region that is cut off. While calls
 * arrive the region may still learn of it: to grant the agent it asks the home, or the platform, and keeps their answer.
 * @param quietMs time since which there are no calls
 */
function goOnBreak(stage: Stage, world: World, quietMs: number): Promise<Look> {
  const home = ask.regionOf(world, HOME);
  const connection = ask.connectionOf(world, HOME);
  // A platform gets one request at a time: once it has answered this drill's, none of a caller is on its way.
  const isAnswered = ({ confirmed_ms_ago: agoMs }: AgentAnswer) =>
    agoMs !== undefined && agoMs < stage.elapsedMs - quietMs;
  return stage.step(`An agent of ${HOME} goes on a break, and ${CUT} does not see it`, async (say) => {
    const { seen: before } = await stage.until(
      `${CUT} learns from the platform that an agent waits for a call`,
      () => lookAt(world, connection.agentId(lastInLine(connection).id)),
      ({ agent, record }) => isAnswered(agent) && agent.status === 'AVAILABLE' && ask.statusOf(record) === 'AVAILABLE',
    );
    const { agent_id } = before.agent;
    const user = connection.simulator.setUser(agent_id.slice(connection.name.length + 1), { presence: 'Break' });
    say('on the platform', `${user.name}: ${user.presence}, since ${user.presenceSince}`);
    const { seen } = await stage.until(
      `${HOME} hears of it`,
      () => ask.agentIn(world, home, agent_id),
      ({ reason }) => reason === 'BREAK',
    );
    say(HOME, ask.status(seen));
    say(`${CUT}, before`, `${ask.status(before.agent)}, confirmed ${before.agent.confirmed_ms_ago} ms ago`);
    const record = await ask.recordIn(ask.regionOf(world, CUT), agent_id);
    say('its Redis holds', ask.abridged(record));
    demand(record === before.record, `${CUT} knows of it although it is cut off`);
    return before;
  });
}

/**
 * Once the region's knowledge is too old again, the next lookup detects that, asks the platform, answers right, and keeps
 * the platform's answer. Only the drill sends lookups meanwhile.
 */
function lookUp(stage: Stage, world: World, before: Look): Promise<void> {
  return stage.step('The next lookup there asks the platform, and its Redis is right again', async (say) => {
    const onTrust: string[] = [];
    const { seen: after, afterMs } = await stage.until(
      'a lookup says what the platform knows',
      () => lookAt(world, before.agent.agent_id),
      ({ agent }) => {
        if (!agent.stale && agent.confirmed_ms_ago === undefined) onTrust.push(ask.status(agent));
        return agent.status === 'BUSY' && agent.reason === 'BREAK';
      },
    );
    const { agent, record } = after;
    say(CUT, `${ask.status(agent)}, after ${duration(afterMs)}`);
    say('according to', `the platform's, ${agent.confirmed_ms_ago} ms ago`);
    say('Redis before', ask.abridged(before.record));
    say('Redis after', ask.abridged(record));
    demand(onTrust.length === 0, `${CUT} trusted what it knew of ${HOME}: ${onTrust[0]}`);
    demand(agent.confirmed_ms_ago !== undefined && !agent.stale, 'the platform was not asked');
    demand(before.record !== record && record.includes('BREAK'), 'the Redis of the region was not corrected');
  });
}
