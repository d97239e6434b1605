import type { GenesysConnection } from '../world/platforms/genesys-connection.ts';
import type { LocalRegion } from '../world/region/region.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, lastInLine } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';
import { duration } from './stage/words.ts';

const PAUSED = 'eu-west-1';
const HOME = 'us-east-1';
const BUS = 'bus';
/** Fewer than in other drills: a host that goes on has much to catch up with. */
const CALLS_PER_SECOND = 4;
const WITH_BUS_MS = 10_000;
const WITHOUT_BUS_MS = 25_000;
/** An age may be too small for one probe interval after the host goes on. */
const INTERVAL_MS = 1_000;
/** For what a busy machine adds to a probe, and to a request of the drill. */
const TOLERANCE_MS = 1_000;
/** Longer than a region without the standstill in its ages would call what it knows fresh. */
const WATCHED_MS = 6_000;
const LOOK_EVERY_MS = 100;
const ENOUGH = 5;
const MOST_UNANSWERED = 100;

export const hostPaused: Drill = {
  name: 'host-paused',
  proves:
    "The host of a region's instance stands still for 10 and 25 s, and all of its clocks with it. Afterwards no agent who went " +
    'off duty meanwhile is offered, and no age is too small, with the bus and without it.',
  async run(stage) {
    const options = {
      stoppable: [PAUSED],
      instancesPerRegion: 2,
      connection: { authority: 'refuse' },
      callsPerSecond: CALLS_PER_SECOND,
    };
    const world = await stage.open('host-paused', options);
    const region = ask.regionOf(world, PAUSED);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    const withBus = await standStill(stage, world, WITH_BUS_MS, 'The host stands still, the bus goes on');
    await watch(stage, world, withBus, 'Nobody who went off duty is offered, and no age is too small');
    await freshAgain(stage, world, region);
    const withoutBus = await standStill(
      stage,
      world,
      WITHOUT_BUS_MS,
      'Cut off from the bus, it stands still again',
      () => world.weather.link(PAUSED, BUS).cut(),
    );
    const name = 'Without the bus: nobody who went off duty is offered, and no age is too small';
    await watch(stage, world, withoutBus, name);
    await stage.step('The link comes back', () => world.weather.link(PAUSED, BUS).clear());
    await freshAgain(stage, world, region);
    await callsGetAgents(stage, world, 'Calls get agents in every region as before');
    await stage.prove();
  },
};

interface Watched {
  region: LocalRegion;
  agentId: string;
  /** When the agent went off duty by the simulator, when the host went on, and since when it hears nobody: of the drill, in ms. */
  offDutyMs: number;
  awakeMs: number;
  cutMs: number | undefined;
}

/** Calls go on in the other regions. An agent who waits there for a call goes off duty while the host stands still. */
function standStill(stage: Stage, world: World, forMs: number, name: string, cut?: () => void): Promise<Watched> {
  const region = ask.regionOf(world, PAUSED);
  const connection = ask.connectionOf(world, HOME);
  return stage.step(name, async (say) => {
    const agentId = await knownAgent(stage, world, region, connection);
    cut?.();
    const cutMs = cut && stage.elapsedMs;
    // As a load balancer does with an instance that does not answer.
    region.instance.isInRotation = false;
    const stood = region.instance.standStill(forMs);
    await stage.pass(forMs / 10);
    const user = connection.simulator.setUser(agentId.slice(connection.name.length + 1), { presence: 'Offline' });
    const offDutyMs = stage.elapsedMs;
    say('on the platform', `${user.name}: ${user.presence}, since ${user.presenceSince}`);
    const { seen } = await stage.until(
      `${HOME} hears of it`,
      () => ask.agentIn(world, ask.regionOf(world, HOME), agentId),
      ({ status }) => status === 'OFFLINE',
    );
    say(HOME, ask.status(seen));
    say('stood still', duration(await stood));
    region.instance.isInRotation = true;
    return { region, agentId, offDutyMs, awakeMs: stage.elapsedMs, cutMs };
  });
}

/** The agent whom callers get last, once the region whose host will stand still knows that they are available. */
async function knownAgent(
  stage: Stage,
  world: World,
  region: LocalRegion,
  connection: GenesysConnection,
): Promise<string> {
  const { seen } = await stage.until(
    `${PAUSED} knows that an agent of ${HOME} waits for a call`,
    () => ask.agentIn(world, region, connection.agentId(lastInLine(connection).id)),
    ({ agent_id, status }) => status === 'AVAILABLE' && agent_id === connection.agentId(lastInLine(connection).id),
  );
  return seen.agent_id;
}

async function watch(stage: Stage, world: World, watched: Watched, name: string): Promise<void> {
  const { region, awakeMs } = watched;
  await stage.step(name, async (say) => {
    await stage.pass(INTERVAL_MS + TOLERANCE_MS - (stage.elapsedMs - awakeMs));
    const wrong: string[] = [];
    let [looks, unanswered] = [0, 0];
    while (stage.elapsedMs < awakeMs + WATCHED_MS || looks < ENOUGH) {
      // An overloaded instance says so; that is no wrong answer.
      const found = await look(stage, world, watched).catch(() => undefined);
      const afterMs = stage.elapsedMs - awakeMs;
      if (found) looks += 1;
      else unanswered += 1;
      demand(unanswered < MOST_UNANSWERED, `${unanswered} looks were not answered`);
      wrong.push(...(found ?? []).map((what) => `${duration(afterMs)} after the host went on, ${what}`));
      await stage.pass(LOOK_EVERY_MS);
    }
    const { warnings } = await ask.report(world, region);
    say('looks', `${looks}, and ${unanswered} that were not answered`);
    say('tolerance', `${INTERVAL_MS} ms, an interval, and ${TOLERANCE_MS} ms for a busy machine`);
    say(`warnings of ${region.name}`, warnings);
    if (wrong.length > 0) say('wrong', wrong.slice(0, 3));
    demand(wrong.length === 0, `${wrong.length} of ${looks} looks: ${wrong[0]}`);
    demand(
      warnings.some((each) => each.includes('stood still')),
      'no warning says that the host stood still',
    );
  });
}

/** One look at what the region says. @returns what is wrong with it */
async function look(stage: Stage, world: World, { region, agentId, offDutyMs, cutMs }: Watched): Promise<string[]> {
  const leastMs = (sinceMs: number): number => stage.elapsedMs - sinceMs - INTERVAL_MS - TOLERANCE_MS;
  const [agent, list, view] = await Promise.all([
    ask.agentIn(world, region, agentId),
    ask.offered(world, region),
    ask.viewOf(world, region, HOME),
  ]);
  const wrong: string[] = [];
  if (list.includes(agentId)) wrong.push(`${agentId}, who is off duty, is offered`);
  const isOld = agent.status === 'AVAILABLE';
  if (isOld && !agent.stale) wrong.push(`${agentId}, who is off duty, is ${ask.status(agent)}`);
  if (isOld && agent.age_ms !== null && agent.age_ms < leastMs(offDutyMs))
    wrong.push(
      `${agentId} is said to be ${ask.status(agent)}; that ended ${duration(stage.elapsedMs - offDutyMs)} ago`,
    );
  if (cutMs !== undefined && view.age_ms !== null && view.age_ms < leastMs(cutMs))
    wrong.push(`${HOME} is said to be ${view.age_ms} ms old; the bus was cut ${duration(stage.elapsedMs - cutMs)} ago`);
  return wrong;
}

function freshAgain(stage: Stage, world: World, region: LocalRegion): Promise<void> {
  return stage.step(`${PAUSED} hears the other regions again`, async (say) => {
    const { afterMs } = await stage.until(
      'every region is fresh there',
      () => ask.report(world, region),
      ({ regions }) => regions.every(({ state }) => state === 'fresh'),
    );
    say('all fresh', `after ${duration(afterMs)}`);
  });
}
