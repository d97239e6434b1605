import type { Drill } from './drill.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, lastInLine } from './stage/calls.ts';
import { duration, each } from './stage/words.ts';

const DEAD = 'eu-west-1';

export const homeDies: Drill = {
  name: 'home-dies',
  proves:
    'When every instance of a region dies, the others go on with their own agents. When it comes back, it catches up ' +
    'with what the others and its platform did meanwhile.',
  async run(stage) {
    const world = await stage.open('home-dies', { instancesPerRegion: 2, connection: { authority: 'refuse' } });
    const home = ask.regionOf(world, DEAD);
    const others = ask.othersThan(world, DEAD);
    const platform = ask.connectionOf(world, DEAD);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');

    const before = await stage.step(`Every instance of ${DEAD} is killed`, async (say) => {
      const counts = ask.granted(world);
      say('processes', (await stage.kill(home)).join(', '));
      return counts;
    });
    await stage.step('The others notice that nobody answers there', async (say) => {
      for (const region of others) {
        const { afterMs } = await stage.until(
          `${region.name} calls ${DEAD} unreachable`,
          () => ask.viewOf(world, region, DEAD),
          ({ reachable }) => !reachable,
        );
        say(region.name, `unreachable after ${duration(afterMs)}`);
      }
    });
    await stage.step('The others notice that nothing is heard from it', async (say) => {
      for (const region of others) {
        const { seen } = await stage.until(
          `${region.name} calls ${DEAD} stale`,
          () => ask.viewOf(world, region, DEAD),
          ({ state }) => state === 'stale',
          2 * stage.pace.staleMs,
        );
        say(region.name, `${seen.state}; the last it heard is ${duration(seen.age_ms ?? 0)} old`);
      }
    });
    await callsGetAgents(stage, world, 'The others go on', others);
    const agentId = await stage.step(`Meanwhile an agent of ${DEAD} goes on a break`, async (say) => {
      const { id, name } = lastInLine(platform);
      const agentId = platform.agentId(id);
      say('on the platform', `${name}: ${platform.simulator.setUser(id, { presence: 'Break' }).presence}`);
      for (const region of others) say(region.name, ask.status(await ask.agentIn(world, region, agentId)));
      return agentId;
    });
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
      const { seen, afterMs } = await stage.until(
        'the agent is on a break in every region',
        () => ask.agentEverywhere(world, agentId),
        (told) => Object.values(told).every(({ status, stale }) => status === 'BUSY' && !stale),
      );
      for (const [name, agent] of Object.entries(seen)) say(name, ask.status(agent));
      say('after', duration(afterMs));
    });
    await callsGetAgents(stage, world, 'Calls get agents in every region again');
    await stage.prove();
  },
};
