import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, lineOf, sleeperIsRefused } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';
import { duration, each } from './stage/words.ts';

const DEAD = 'eu-west-1';
const LEAVERS = 3;
/** How long an agent is held by a confirmed call that ended without any live instance seeing it. */
const CONFIRMED_MS = 60_000;

export const homeDies: Drill = {
  name: 'home-dies',
  proves:
    'When every instance of a region dies, the others go on with their own agents. When it comes back, it catches up ' +
    'with what the others and its platform did meanwhile.',
  async run(stage) {
    const world = await stage.open('home-dies', { instancesPerRegion: 2, connection: { authority: 'refuse' } });
    const home = ask.regionOf(world, DEAD);
    const others = ask.othersThan(world, DEAD);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    await sleeperIsRefused(stage, world, home);

    const before = await stage.step(`Every instance of ${DEAD} is killed`, async (say) => {
      const counts = ask.granted(world);
      say('processes', (await stage.kill(home)).join(', '));
      return counts;
    });
    await stage.step('The others notice that it does not answer', async (say) => {
      for (const region of others) {
        const { afterMs } = await stage.until(
          `${region.name} calls ${DEAD} unreachable`,
          () => ask.viewOf(world, region, DEAD),
          ({ reachable }) => !reachable,
        );
        say(region.name, `unreachable after ${duration(afterMs)}`);
      }
    });
    await stage.step('The others notice that its updates stop', async (say) => {
      for (const region of others) {
        const { seen } = await stage.until(
          `${region.name} calls ${DEAD} stale`,
          () => ask.viewOf(world, region, DEAD),
          ({ state }) => state === 'stale',
          2 * stage.pace.staleMs,
        );
        say(region.name, `${seen.state}; its last update is ${duration(seen.age_ms ?? 0)} old`);
      }
    });
    await callsGetAgents(stage, world, 'The others go on', others);
    const gone = await firstInLineLeave(stage, world);
    await stage.step(`What was granted while ${DEAD} was dead`, (say) => {
      say('to callers of', each(ask.gained(ask.granted(world), before)));
    });

    await stage.step(`${DEAD} comes back`, async (say) => {
      await Promise.all(home.instances.map((instance) => instance.start()));
      const { afterMs } = await stage.until(
        'every region hears every other',
        () => ask.reports(world),
        (reports) => reports.every(({ regions }) => regions.every((view) => view.state === 'fresh' && view.reachable)),
      );
      say('ready, and all fresh', `after ${duration(afterMs)}`);
    });
    await stage.step('It knows what happened meanwhile, and so do the others', async (say) => {
      for (const agentId of gone) {
        const { seen } = await stage.until(
          'the agent is on a break in every region',
          () => ask.agentEverywhere(world, agentId),
          (told) => Object.values(told).every(({ reason, stale }) => reason === 'BREAK' && !stale),
        );
        for (const { name, reason } of Object.values(seen).slice(0, 1)) say(name, `${reason} in every region`);
      }
    });
    await callsGetAgents(stage, world, 'Calls get agents in every region again');
    await stage.prove({ agreeWithinMs: CONFIRMED_MS + 15_000 });
  },
};

/** While their home is down, the agents it would hand out first go away. It must know that when it is back. */
function firstInLineLeave(stage: Stage, world: World): Promise<string[]> {
  const home = ask.regionOf(world, DEAD);
  const platform = ask.connectionOf(world, DEAD);
  return stage.step(`Meanwhile the first in line of ${DEAD} go on a break`, async (say) => {
    const first = lineOf(platform).slice(0, LEAVERS);
    demand(first.length === LEAVERS, 'too few wait for a call');
    for (const { id, name } of first) {
      const { presence } = platform.simulator.setUser(id, { presence: 'Break' });
      const status = ask.statusOf(await ask.recordIn(home, platform.agentId(id)));
      say(name, `${presence} on the platform, ${status} in the Redis of ${DEAD}`);
    }
    return first.map(({ id }) => platform.agentId(id));
  });
}
