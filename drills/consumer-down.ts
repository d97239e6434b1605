import { systemClock } from '../src/ops/clock.ts';
import { PARTITIONS } from '../world/bus/bus.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, leaveSeat } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';
import { duration } from './stage/words.ts';

const DEAF = 'eu-west-1';
const HOME = 'us-east-1';
const LEAVERS = 4;
const MOST_TRIES = 12;
/** Changes are known everywhere after this time. */
const KNOWN_MS = 500;

export const consumerDown: Drill = {
  name: 'consumer-down',
  proves:
    'A region that no longer applies what the bus brings knows that it does not: agents who go offline elsewhere are ' +
    'not handed out there once the limit has passed, and no call ever reaches one of them.',
  async run(stage) {
    const world = await stage.open('consumer-down');
    const region = ask.regionOf(world, DEAF);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    const knownMs = await stage.step(`A hung process holds all that ${DEAF} reads from the bus`, async (say) => {
      const knownMs = systemClock.nowMs() - KNOWN_MS;
      await world.bus.holdReading(DEAF);
      const { seen } = await stage.until(
        'messages pile up unread',
        () => ask.report(world, region),
        ({ bus_behind }) => (bus_behind ?? 0) > 2 * PARTITIONS,
      );
      world.history?.bus(DEAF, 'ignored');
      say('not applied', `${seen.bus_behind} messages of the bus`);
      say('its relay goes on', `${seen.outbox} changes wait for the bus`);
      return knownMs;
    });
    const gone = await goOffline(stage, world, knownMs);
    await stage.step('The limit passes', async (say) => {
      const { seen, afterMs } = await stage.until(
        `${DEAF} calls ${HOME} stale`,
        () => ask.viewOf(world, region, HOME),
        ask.isAllStale,
        2 * stage.pace.staleMs,
      );
      say(`${HOME} in ${DEAF}`, `${seen.state}, ${duration(seen.age_ms ?? 0)} old, after ${duration(afterMs)} more`);
    });
    await askForThem(stage, world, gone);
    await callsGetAgents(stage, world, `Callers of ${DEAF} go on`, [region]);
    await stage.step('The hung process lets go', async (say) => {
      const { bus_behind } = await ask.report(world, region);
      world.history?.bus(DEAF, 'taken');
      await world.bus.releaseReading(DEAF);
      const { seen, afterMs } = await stage.until(
        `${DEAF} has caught up and hears all regions`,
        () => ask.report(world, region),
        (report) => (report.bus_behind ?? 0) < PARTITIONS && report.regions.every(({ state }) => state === 'fresh'),
      );
      say('not applied', `${bus_behind} messages before, ${seen.bus_behind} after`);
      say('all fresh', `after ${duration(afterMs)}`);
    });
    await stage.prove();
  },
};

async function goOffline(stage: Stage, world: World, waitingSinceMs: number): Promise<string[]> {
  const region = ask.regionOf(world, DEAF);
  const home = ask.regionOf(world, HOME);
  return stage.step(`${LEAVERS} agents of ${HOME} go offline, and ${DEAF} does not know`, async (say) => {
    const agents: string[] = [];
    for (let tries = 0; agents.length < LEAVERS; tries++) {
      const { agentId, user } = await leaveSeat(stage, world, home, 'Offline', { waitingSinceMs });
      const [there, here] = [await ask.agentIn(world, home, agentId), await ask.recordIn(region, agentId)];
      say(user.name, [`in ${HOME}: ${ask.status(there)}`, `in the Redis of ${DEAF}: ${ask.statusOf(here)}`]);
      // A caller may have tried to claim the agent: then the home was asked, and its answer was kept.
      if (ask.statusOf(here) === 'AVAILABLE') agents.push(agentId);
      demand(tries < MOST_TRIES, `${DEAF} learns of all agents who go`);
    }
    return agents;
  });
}

function askForThem(stage: Stage, world: World, gone: string[]): Promise<void> {
  const region = ask.regionOf(world, DEAF);
  return stage.step('Agents who have gone are not handed out there from now on', async (say) => {
    for (const agentId of gone) {
      const asked = { queue: 'global', call_id: `drill-${agentId}`, agent_id: agentId };
      const claimed = await ask.claim(world, region, asked);
      const agent = await ask.agentIn(world, region, agentId);
      say(agent.name, [`claimed by name: ${ask.outcome(claimed)}`, `looked up: ${ask.status(agent)}`]);
      demand(!ask.succeeded(claimed), `${agent.name} was granted although offline`);
      demand(agent.status === 'OFFLINE', `${agent.name} is offline and was called ${agent.status}`);
    }
  });
}
