import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, Held } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import { duration, each } from './stage/words.ts';

const REGION = 'eu-west-1';
const BUS = 'bus';
const HELD = 3;

export const busFlap: Drill = {
  name: 'bus-flap',
  proves:
    "A region's link to the bus goes down and up again and again, the jitter that splits a Sentinel across regions: no " +
    'claim is lost, nothing is promoted, and no agent is booked twice.',
  async run(stage) {
    const { flapMs, flappingMs } = stage.pace;
    const world = await stage.open('bus-flap');
    const region = ask.regionOf(world, REGION);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    const held = new Held(stage, world, region);
    await held.take(HELD);
    const roles = await rolesIn(world);

    await stage.step(
      `The link goes down and up every ${duration(flapMs)}, for ${duration(flappingMs)}`,
      async (say) => {
        const link = world.weather.link(REGION, BUS);
        const [granted, startedMs] = [ask.granted(world), stage.elapsedMs];
        const states: string[] = [];
        let renewals = 0;
        while (stage.elapsedMs - startedMs < flappingMs) {
          link.cut();
          await stage.pass(flapMs);
          states.push((await ask.viewOf(world, region, 'us-east-1')).state);
          link.clear();
          await stage.pass(flapMs);
          renewals += (await held.renew()).length;
        }
        say('cut', `${states.length} times`);
        say('us-east-1 was', `${[...new Set(states)].join(', then ')} in ${REGION} at the end of a cut`);
        say('claims granted', each(ask.gained(ask.granted(world), granted)));
        say('held claims', `renewed ${renewals} times, refused never`);
      },
    );
    await held.findAndRelease();
    await stage.step('Nothing was promoted', async (say) => {
      const now = await rolesIn(world);
      for (const [name, roles] of Object.entries(now)) say(name, roles);
      const changed = Object.keys(now).filter((name) => now[name] !== roles[name]);
      demand(changed.length === 0, `roles have changed in ${changed.join(', ')}; they were ${each(roles)}`);
    });
    await stage.step('All regions hear each other again', async (say) => {
      const { afterMs } = await stage.until(
        'all regions are fresh',
        () => ask.reports(world),
        (reports) => reports.every(({ regions }) => regions.every(({ state }) => state === 'fresh')),
      );
      say('all fresh', `after ${duration(afterMs)}`);
    });
    await stage.prove();
  },
};

/** The masters in the Redis Cluster of each region, with their configuration epochs. */
async function rolesIn({ regions }: World): Promise<Record<string, string>> {
  const roles = regions.map(async ({ name, cluster }) => {
    const views = await cluster.topology();
    const masters = views.filter(({ role }) => role === 'master').sort((one, other) => one.port - other.port);
    return [name, masters.map(({ port, configEpoch }) => `master ${port} of epoch ${configEpoch}`).join(', ')] as const;
  });
  return Object.fromEntries(await Promise.all(roles));
}
