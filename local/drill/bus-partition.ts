import { systemClock } from '../../src/ops/clock.ts';
import type { World } from '../world.ts';
import type { Drill } from './drill.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, leaveSeat } from './stage/calls.ts';
import { demand, type Stage } from './stage/stage.ts';
import { duration } from './stage/words.ts';

const CUT = 'eu-west-1';
const HOME = 'us-east-1';
const BUS = 'bus';
/** What happened so long before a cut is known everywhere. */
const KNOWN_MS = 500;

export const busPartition: Drill = {
  name: 'bus-partition',
  proves:
    'A region cut off from the bus goes on with its own agents, says how old what it knows of others is, and asks the ' +
    'platform before it believes it; when the link is back, all agree and nothing is lost.',
  async run(stage) {
    const world = await stage.open('bus-partition');
    const region = ask.regionOf(world, CUT);
    const home = ask.regionOf(world, HOME);
    const tally = ask.tallyOf(world, CUT);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');

    const before = await stage.step(`${CUT} is cut off from the bus`, async (say) => {
      const { state, age_ms } = await ask.viewOf(world, region, HOME);
      say(`${HOME} in ${CUT}`, `${state}, ${age_ms} ms old`);
      const before = { own: tally.byHome.get(CUT) ?? 0, atMs: systemClock.nowMs() };
      world.weather.link(CUT, BUS).cut();
      say('link', `${CUT} to the bus: ${world.weather.link(CUT, BUS).report().state}`);
      return before;
    });
    const agentId = await stage.step(`An agent of ${HOME} goes on a break`, async (say) => {
      const { agentId, user } = await leaveSeat(stage, world, home, 'Break', {
        waitingSinceMs: before.atMs - KNOWN_MS,
      });
      say('on the platform', `${user.name}: ${user.presence}, since ${user.presenceSince}`);
      say(HOME, ask.status(await ask.agentIn(world, home, agentId)));
      return agentId;
    });
    await stage.step(`${CUT} does not see it, and says how old what it knows is`, async (say) => {
      const agent = await ask.agentIn(world, region, agentId);
      say(CUT, ask.status(agent));
      say('its Redis holds', ask.abridged(await ask.recordIn(region, agentId)));
      demand(agent.status === 'AVAILABLE', `${CUT} has heard of it although it is cut off`);
    });
    await stage.step(`${CUT} calls what it knows of ${HOME} stale`, async (say) => {
      const { seen, afterMs } = await stage.until(
        `${HOME} is stale`,
        () => ask.viewOf(world, region, HOME),
        ask.isAllStale,
        2 * stage.pace.staleMs,
      );
      say(`${HOME} in ${CUT}`, `${seen.state}, ${duration(seen.age_ms ?? 0)} old, after ${duration(afterMs)} more`);
    });
    await lookUp(stage, world, agentId);
    await stage.step(`${CUT} has kept granting its own agents all along`, async (say) => {
      const own = () => (tally.byHome.get(CUT) ?? 0) - before.own;
      const { seen } = await stage.until('10 claims on its own agents', own, (count) => count >= 10);
      say('claims granted', `${seen} on agents of ${CUT} since the link was cut`);
    });
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
      say(`waiting in ${CUT}`, `${waiting} events before, ${seen.find((one) => one.region === CUT)?.outbox} after`);
      say('all fresh', `after ${duration(afterMs)}`);
    });
    await callsGetAgents(stage, world, 'Calls get agents in every region as before');
    await stage.prove();
  },
};

/** The next lookup detects that what is known is stale, asks the platform, answers right, and keeps what it heard. */
function lookUp(stage: Stage, world: World, agentId: string): Promise<void> {
  const region = ask.regionOf(world, CUT);
  return stage.step('The next lookup there asks the platform, and its Redis is right again', async (say) => {
    const before = await ask.recordIn(region, agentId);
    const agent = await ask.agentIn(world, region, agentId);
    const after = await ask.recordIn(region, agentId);
    say(CUT, ask.status(agent));
    say('on whose word', `the platform's, ${agent.confirmed_ms_ago} ms ago`);
    say('Redis before', ask.abridged(before));
    say('Redis after', ask.abridged(after));
    demand(agent.status === 'BUSY' && agent.reason === 'BREAK', 'the lookup did not tell what the platform knows');
    demand(agent.confirmed_ms_ago !== undefined && !agent.stale, 'the platform was not asked');
    demand(before !== after && after.includes('BREAK'), 'the Redis of the region was not corrected');
  });
}
