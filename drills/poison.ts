import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BusMessage } from '../src/bus/bus.ts';
import { AGENT_CHANGED, HEARTBEAT } from '../src/bus/envelope.ts';
import { loadConfig } from '../src/config/load.ts';
import { systemClock } from '../src/ops/clock.ts';
import { openSender } from '../src/serve/letters.ts';
import { PARTITIONS } from '../world/bus/bus.ts';
import { withAdmin } from '../world/redis/admin.ts';
import type { LocalRegion } from '../world/region/region.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, leaveSeat } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Say } from './stage/report.ts';
import type { Stage } from './stage/stage.ts';
import { duration, each } from './stage/words.ts';

const HOME = 'eu-west-1';
const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
/** Half of a character: invalid text, as a careless cut leaves it. */
const HALF = '\ud83c';
const MARK = 'drill-poison';
const RECORDS = 'agents:{main}';

export const poison: Drill = {
  name: 'poison',
  proves:
    'A message that cannot be read or applied, on every partition of the bus, and a name on a platform that is invalid text, ' +
    'block nothing: all regions stay fresh, nothing is lost, warnings name them, and the dead letters explain them.',
  async run(stage) {
    const world = await stage.open('poison');
    const home = ask.regionOf(world, HOME);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    const ruined = ask.connectionOf(world, HOME).agentId(`${MARK}-ruined`);
    await poisonTheBus(stage, world, home, ruined);
    await callsGetAgents(stage, world, 'Calls get agents as before, in every region');
    await poisonThePlatform(stage, world, home);
    await explain(stage, home, ruined);
    await sendAgain(stage, world, home, ruined);
    await callsGetAgents(stage, world, 'Calls still get agents, in every region');
    await allFresh(stage, world);
    await stage.prove();
  },
};

/** Messages with a fault each, and a valid one about the agent whose record is corrupt. */
function badMessages(ruined: string): BusMessage[] {
  const payload = (more: object): string =>
    JSON.stringify({
      event_id: `${MARK}-event`,
      timestamp: systemClock.nowMs(),
      agent_id: `${MARK}:ann`,
      region_source: HOME,
      ...more,
    });
  const headers = { ce_type: AGENT_CHANGED };
  const available = { status: 'AVAILABLE' };
  const bad: Omit<BusMessage, 'key'>[] = [
    { headers, value: payload(available).slice(0, 40) },
    { headers, value: payload({ ...available, agent_id: ruined }) },
    { headers, value: payload({ profile: { skills: { [HALF]: 50 } } }) },
    { headers: {}, value: payload({ ...available, timestamp: 1e300 }) },
    { headers: {}, value: payload({ ...available, agent_id: ['ann'] }) },
    { headers: { ce_type: HEARTBEAT }, value: payload({ beat: 'now' }) },
    { headers: {}, value: `${HALF}\u0000` },
  ];
  return Array.from({ length: PARTITIONS }, (_, n) => ({
    ...(bad[n % bad.length] as Omit<BusMessage, 'key'>),
    key: `${MARK}-${n}`,
  }));
}

/** Messages of the bus that have been set aside until now, by region. */
async function asideOfBus(world: World): Promise<Record<string, number>> {
  const counts = world.regions.map(async (region) => {
    const count = await ask.metric(world, region, 'muster_set_aside_total', { place: 'bus' });
    return [region.name, count] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

/** Replaces an agent's record in every region with an unreadable one, or deletes it. */
async function ruin(world: World, agentId: string, command: 'HSET' | 'HDEL'): Promise<void> {
  for (const { cluster } of world.regions) {
    const { port } = await cluster.masterOf(RECORDS);
    const line = command === 'HSET' ? ['no record'] : [];
    await withAdmin(port, (redis) => redis.run(command, RECORDS, agentId, ...line));
  }
}

function poisonTheBus(stage: Stage, world: World, home: LocalRegion, ruined: string): Promise<void> {
  return stage.step('A bad message on every partition of the bus', async (say) => {
    await ruin(world, ruined, 'HSET');
    const before = await asideOfBus(world);
    const sender = await openSender(await loadConfig(home.instance.configFile));
    try {
      for (const [partition, message] of badMessages(ruined).entries()) await sender.publish(partition, [message]);
    } finally {
      await sender.close();
    }
    const { seen, afterMs } = await stage.until(
      `every region has set aside ${PARTITIONS} messages`,
      async () => ask.gained(await asideOfBus(world), before),
      (gained) => world.regions.every(({ name }) => gained[name] === PARTITIONS),
    );
    say('set aside', `${each(seen)}, after ${duration(afterMs)}`);
    await allGoOn(stage, world, say);
  });
}

/** Long enough that a blocked partition would be stale. */
async function allGoOn(stage: Stage, world: World, say: Say): Promise<void> {
  await stage.pass(stage.pace.staleMs);
  const { seen } = await stage.until(
    'every region hears all others on every partition, and names the faults',
    () => ask.reports(world),
    (reports) => reports.every((report) => isFresh(report) && report.warnings.some((each) => each.includes(MARK))),
  );
  for (const { region, warnings } of seen) say(`${region} warns`, warnings);
}

const isFresh = ({ regions }: ask.Report): boolean =>
  regions.every(({ state, partitions = [] }) => [state, ...partitions.map((each) => each.state)].every(isWell));
const isWell = (state: string): boolean => state === 'fresh';

function poisonThePlatform(stage: Stage, world: World, home: LocalRegion): Promise<void> {
  return stage.step(
    'An agent on a break is given a skill whose name is half a character, and goes home',
    async (say) => {
      const { simulator } = ask.connectionOf(world, HOME);
      const { agentId, user } = await leaveSeat(stage, world, home, 'Break');
      const before = await ask.metric(world, home, 'muster_set_aside_total', { place: 'connection' });
      simulator.setUser(user.id, { skill: `half ${HALF}` });
      const { seen } = await stage.until(
        `${HOME} has read it, and set it aside or repaired it`,
        async () => ({
          aside: (await ask.metric(world, home, 'muster_set_aside_total', { place: 'connection' })) - before,
          skills: Object.keys((await ask.agentIn(world, home, agentId)).facets.profile?.skills ?? {}),
        }),
        ({ aside, skills }) => aside > 0 || skills.some((name) => name.startsWith('half')),
      );
      say(user.name, seen.aside > 0 ? 'the skill was set aside' : `has the skill "${seen.skills}"`);
      simulator.setUser(user.id, { presence: 'Offline' });
      const { seen: told, afterMs } = await stage.until(
        'every region hears that the agent is gone',
        () => ask.agentEverywhere(world, agentId),
        (everywhere) => Object.values(everywhere).every(({ status }) => status === 'OFFLINE'),
      );
      for (const [name, agent] of Object.entries(told)) say(name, ask.status(agent));
      say('everywhere', `after ${duration(afterMs)}`);
    },
  );
}

interface Listed {
  id: string;
  region: string;
  agent: string;
  reason: string;
}

/** Runs `muster deadletters`, as a person does. */
async function muster({ instance }: LocalRegion, ...args: string[]): Promise<string> {
  const command = [CLI, 'deadletters', ...args, '--config', instance.configFile];
  return (await promisify(execFile)(process.execPath, command)).stdout;
}

async function lettersOf(region: LocalRegion): Promise<Listed[]> {
  const { letters } = JSON.parse(await muster(region, 'list', '--json', '--limit', '1000')) as { letters: Listed[] };
  return letters.filter(({ region: by, agent }) => by === region.name && agent.startsWith(MARK));
}

const UNREADABLE = "not an agent's record";

function explain(stage: Stage, home: LocalRegion, ruined: string): Promise<void> {
  return stage.step('`muster deadletters` explains each', async (say) => {
    const letters = await lettersOf(home);
    demand(letters.length === PARTITIONS, `there are ${letters.length} letters of ${HOME}, not ${PARTITIONS}`);
    const reasons = new Map(letters.map((letter) => [letter.reason, letter]));
    for (const [reason, { id, agent }] of reasons) {
      const shown = await muster(home, 'show', id);
      demand(shown.includes(agent), `the letter ${id} does not say whose it is`);
      demand(/^from +bus partition \d+, /m.test(shown), `the letter ${id} does not say where it came from`);
      if (reason.includes(UNREADABLE)) demand(shown.includes(ruined), `the letter ${id} is not whole`);
      say(id, reason);
    }
    demand(reasons.size > 1, 'different faults have one reason');
  });
}

function sendAgain(stage: Stage, world: World, home: LocalRegion, ruined: string): Promise<void> {
  return stage.step(
    'The corrupt record is removed, and its message sent again: every region applies it',
    async (say) => {
      await ruin(world, ruined, 'HDEL');
      const letter = (await lettersOf(home)).find(({ reason }) => reason.includes(UNREADABLE));
      demand(letter !== undefined, 'no letter is about the record');
      say(letter.id, (await muster(home, 'replay', letter.id)).split('\n').slice(0, -2));
      const { afterMs } = await stage.until(
        'every region knows the agent',
        () => ask.agentEverywhere(world, ruined),
        (everywhere) => Object.values(everywhere).every(({ agent_id }) => agent_id === ruined),
      );
      say('known everywhere', `after ${duration(afterMs)}`);
    },
  );
}

function allFresh(stage: Stage, world: World): Promise<void> {
  return stage.step('No region is stale', async (say) => {
    const { seen } = await stage.until(
      'every region hears all others on every partition',
      () => ask.reports(world),
      (reports) => reports.every(isFresh),
    );
    for (const { region, bus_behind } of seen) say(region, `${bus_behind} messages of the bus under way`);
  });
}
