import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';
import { Storm } from './stage/storm.ts';
import { duration, each } from './stage/words.ts';

const TIMES = 20;
const CALM_MS = 4_000;
/** Agents of each organisation who change all the time during the storm. */
const SHAKEN = 10;
/** Largest growth of an instance's memory during the storm, in MB. */
const MAX_GROWTH_MB = 200;
const DRAIN_LIMIT_MS = 60_000;
const SAMPLE_MS = 1_000;

export const webhookStorm: Drill = {
  name: 'webhook-storm',
  proves:
    'The platforms report 20 times as many changes as usual, some twice, some late, some in the wrong order: memory is ' +
    'bounded, nothing is lost, and in the end all agree.',
  async run(stage) {
    const world = await stage.open('webhook-storm');
    const storm = await stage.step('Some agents are on a break: they will change all the time', (say) => {
      const storm = new Storm(world.organisations, SHAKEN);
      say('agents', `${SHAKEN} of each organisation`);
      return storm;
    });
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    const usual = await stage.step('An ordinary day', async (say) => {
      const before = await accepted(world);
      const startedMs = stage.elapsedMs;
      let mostWaiting = 0;
      while (stage.elapsedMs - startedMs < CALM_MS) {
        await stage.pass(SAMPLE_MS);
        mostWaiting = Math.max(mostWaiting, ...(await waitingNow(world)));
      }
      const perSecond = ((await accepted(world)) - before) / ((stage.elapsedMs - startedMs) / 1_000);
      say('events accepted', `${perSecond.toFixed(0)} per second in all regions`);
      say('most that waited', `${mostWaiting} changes and messages in one region, in its outbox and on the bus`);
      return { perSecond, mostWaiting, memoryMb: await memoryMb(world) };
    });
    await blow(stage, world, storm, usual);
    await stage.step('Nothing of it is waiting', async (say) => {
      const { afterMs } = await stage.until(
        'no more waits in outboxes and on the bus than on an ordinary day, and all regions are fresh',
        () => ask.reports(world),
        (reports) =>
          reports.every(
            (report) =>
              waiting(report) < usual.mostWaiting + LITTLE && report.regions.every(({ state }) => state === 'fresh'),
          ),
        DRAIN_LIMIT_MS,
      );
      say('after', duration(afterMs));
    });
    await callsGetAgents(stage, world, 'Calls get agents as before');
    await stage.prove();
  },
};

/** Heartbeats for every partition of every region are always on their way. */
const LITTLE = 150;

const waiting = ({ outbox, bus_behind }: ask.Report): number =>
  (outbox ?? Number.POSITIVE_INFINITY) + (bus_behind ?? Number.POSITIVE_INFINITY);

/** Events that wait in each region that answers. */
const waitingNow = async (world: World): Promise<number[]> =>
  (await ask.reports(world)).map(waiting).filter(Number.isFinite);

interface Usual {
  perSecond: number;
  /** The most in one region: the farther it is from the bus, the more events are on their way. */
  mostWaiting: number;
  memoryMb: Record<string, number>;
}

function blow(stage: Stage, world: World, storm: Storm, usual: Usual): Promise<void> {
  const { stormMs } = stage.pace;
  return stage.step(`A storm of ${TIMES} times as many, for ${duration(stormMs)}`, async (say) => {
    const [before, granted] = [await accepted(world), ask.granted(world)];
    const peakMb = { ...usual.memoryMb };
    let mostWaiting = 0;
    const calm = storm.blow(TIMES * usual.perSecond);
    const endMs = stage.elapsedMs + stormMs;
    while (stage.elapsedMs < endMs) {
      await stage.pass(Math.min(SAMPLE_MS, endMs - stage.elapsedMs));
      for (const [name, mb] of Object.entries(await memoryMb(world))) peakMb[name] = Math.max(peakMb[name] ?? 0, mb);
      mostWaiting = Math.max(mostWaiting, ...(await waitingNow(world)));
    }
    const changes = calm();
    const events = (await accepted(world)) - before;
    say('changes', `${changes}, ${Math.round(changes / (stormMs / 1_000))} per second`);
    say(
      'events accepted',
      `${events}, ${(events / (stormMs / 1_000) / usual.perSecond).toFixed(0)} times the ordinary rate`,
    );
    say('most that waited', `${mostWaiting} changes and messages in one region, in its outbox and on the bus`);
    say('memory before, MB', each(usual.memoryMb));
    say('memory at most, MB', each(peakMb));
    say('claims meanwhile', each(ask.gained(ask.granted(world), granted)));
    for (const [name, mb] of Object.entries(peakMb)) {
      demand(mb - (usual.memoryMb[name] ?? 0) < MAX_GROWTH_MB, `${name} grew by more than ${MAX_GROWTH_MB} MB`);
    }
  });
}

/** Events that all regions have accepted until now. */
async function accepted(world: World): Promise<number> {
  const counts = world.regions.map((region) =>
    ask.metric(world, region, 'muster_events_total', { outcome: 'accepted' }),
  );
  return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}

async function memoryMb(world: World): Promise<Record<string, number>> {
  const sizes = world.regions.map(
    async (region) =>
      [region.name, Math.round((await ask.metric(world, region, 'process_resident_memory_bytes')) / 2 ** 20)] as const,
  );
  return Object.fromEntries(await Promise.all(sizes));
}
