import { withAdmin } from '../world/redis/admin.ts';
import type { LocalRedisCluster, LocalRedisNode } from '../world/redis/cluster.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import { duration, each } from './stage/words.ts';

const REGION = 'eu-west-1';
const AGENTS = 'agents:{main}';
const SLOTS = 300;
/** How long a slot stays half-moved before and after its keys: commands for it meet ASK and TRYAGAIN. */
const SLOW_MS = 5;

export const shardMigration: Drill = {
  name: 'shard-migration',
  proves:
    'Hundreds of slots move to another master and back at peak load, the slot with all agents among them; callers ' +
    'see latency and never an error.',
  async run(stage) {
    const world = await stage.open('shard-migration', { agents: 150, callsPerSecond: 25 });
    const { cluster } = ask.regionOf(world, REGION);
    const tally = ask.tallyOf(world, REGION);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, about as many as the agents can take');

    const first = await cluster.masterOf(AGENTS);
    const second = (await cluster.masters()).find(({ id }) => id !== first.id) ?? first;
    const slots = await slotsAround(cluster, first);
    for (const [from, to] of [[first, second] as const, [second, first] as const]) {
      await stage.step(`${slots.length} slots move from ${from.name} to ${to.name}`, async (say) => {
        const keys = { before: await keysOn(from), after: 0 };
        const before = { granted: tally.granted, unavailable: tally.unavailable };
        const startedMs = stage.elapsedMs;
        await cluster.moveSlots({ from, to, slots, slowMs: SLOW_MS });
        const tookMs = stage.elapsedMs - startedMs;
        keys.after = await keysOn(from);
        const owner = await cluster.masterOf(AGENTS);
        const granted = tally.granted - before.granted;
        const unavailable = tally.unavailable - before.unavailable;
        say('took', `${duration(tookMs)}, a slot about ${duration(tookMs / slots.length)}`);
        say(`keys on ${from.name}`, `${keys.before} before, ${keys.after} after`);
        say(`owner of ${AGENTS}`, `${from.name} before, ${owner.name} after`);
        say('claims meanwhile', `${granted} granted in ${REGION}, ${unavailable} answered with 503`);
        demand(owner.id === to.id, 'the slot of the agents has not moved');
        demand(granted > 0, 'no claim was granted meanwhile');
        demand(unavailable === 0, 'a caller got 503');
      });
    }
    await callsGetAgents(stage, world, 'Calls get agents as before');
    await stage.step('The effect on callers: the latency of claims', (say) => {
      for (const { name } of world.regions) {
        const { local } = ask.tallyOf(world, name);
        const at = (q: number) => duration(local.quantile(q) ?? 0);
        say(name, each({ p50: at(0.5), p99: at(0.99), longest: at(1) }));
      }
    });
    await stage.prove();
  },
};

/** Slots of one master: the agents' slot, and those nearest to it. */
async function slotsAround(cluster: LocalRedisCluster, master: LocalRedisNode): Promise<number[]> {
  const centre = await cluster.slotOf(AGENTS);
  const view = (await cluster.topology()).find(({ id }) => id === master.id);
  const owned = (view?.slots ?? []).flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, at) => from + at),
  );
  const nearest = owned.sort((one, other) => Math.abs(one - centre) - Math.abs(other - centre)).slice(0, SLOTS);
  return nearest.sort((one, other) => one - other);
}

async function keysOn({ port }: LocalRedisNode): Promise<number> {
  return Number(await withAdmin(port, (redis) => redis.run('DBSIZE')));
}
