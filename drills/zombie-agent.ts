import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { lastInLine } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import { duration, each } from './stage/words.ts';

const HOME = 'us-east-1';
/** Time beyond one interval: for the reading itself, and for the way to the other regions. */
const SLACK_MS = 3_000;

export const zombieAgent: Drill = {
  name: 'zombie-agent',
  proves:
    'An agent who is back from a break, but whose notification was lost, is handed out again within one reconciliation, in ' +
    'every region.',
  async run(stage) {
    const { reconcileMs } = stage.pace;
    const world = await stage.open('zombie-agent');
    const home = ask.regionOf(world, HOME);
    const connection = ask.connectionOf(world, HOME);
    const { simulator } = connection;
    const { id, name } = lastInLine(connection);
    const agentId = connection.agentId(id);
    const claim = (call: string) =>
      ask.claim(world, home, { queue: 'global', call_id: `drill-${call}`, agent_id: agentId });

    await stage.step('An agent goes on a break, and every region knows', async (say) => {
      say('on the platform', `${name}: ${simulator.setUser(id, { presence: 'Break' }).presence}`);
      const { seen } = await stage.until(
        'the agent is on a break in every region',
        () => ask.agentEverywhere(world, agentId),
        (told) => Object.values(told).every(({ reason }) => reason === 'BREAK'),
      );
      for (const [region, agent] of Object.entries(seen)) say(region, ask.status(agent));
    });
    const sinceMs = await stage.step('The agent is back, and the notification of it is lost', async (say) => {
      const lately = await lastReading(world, connection.name);
      await stage.until(
        'a reconciliation ends: the next one is a whole interval away',
        () => lastReading(world, connection.name),
        (last) => last !== null && last.at !== lately?.at,
        reconcileMs + SLACK_MS,
      );
      const lostMs = stage.elapsedMs;
      simulator.faults({ dropEvents: 1 });
      const { presence, routingStatus } = simulator.setUser(id, { presence: 'On Queue' });
      simulator.faults({ dropEvents: 0 });
      say('on the platform', `${name}: ${presence}, ${routingStatus}`);
      const claimed = await claim('too-early');
      for (const region of world.regions) say(region.name, ask.status(await ask.agentIn(world, region, agentId)));
      say('claimed by name', ask.outcome(claimed));
      demand(!ask.succeeded(claimed), 'the agent could be claimed at once: nothing was lost');
      return lostMs;
    });
    await stage.step('Reconciliation finds the difference, and every region learns of it', async (say) => {
      const { seen } = await stage.until(
        'the agent is available in every region',
        () => ask.agentEverywhere(world, agentId),
        (told) => Object.values(told).every(({ status }) => status === 'AVAILABLE'),
        reconcileMs + SLACK_MS,
      );
      for (const [region, agent] of Object.entries(seen)) say(region, ask.status(agent));
      const last = await lastReading(world, connection.name);
      if (last) say('found', `${last.differed} of ${last.checked} agents differed: ${each(last.by_kind)}`);
      say('after', `${duration(stage.elapsedMs - sinceMs)}; one interval is ${duration(reconcileMs)}`);
    });
    await stage.step('The agent is handed out again', async (say) => {
      const claimed = await claim('again');
      say('claimed by name', ask.outcome(claimed));
      demand(ask.succeeded(claimed), 'the agent is available and was not granted');
      const released = await ask.settle(world, home, claimed.body as { claim_id: string }, 'release');
      demand(ask.succeeded(released), 'the claim was not released');
    });
    await stage.prove();
  },
};

/** The home's report on its last reconciliation with the platform. */
async function lastReading(world: World, connection: string) {
  const { connections } = await ask.connections(world, ask.regionOf(world, HOME));
  return connections.find((each) => each.connection === connection)?.ingest?.reconciliation ?? null;
}
