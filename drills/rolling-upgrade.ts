import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXCHANGE } from '../src/agent/exchange.ts';
import { NEWEST } from '../src/store/record/layout.ts';
import { withAdmin } from '../world/redis/admin.ts';
import type { Instance } from '../world/region/instance.ts';
import type { LocalRegion } from '../world/region/region.ts';
import type { World } from '../world/world.ts';
import { NEXT } from './next-version/changes.ts';
import { makeNextVersion } from './next-version/next-version.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';
import { shown } from './stage/words.ts';

const THIS = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const AGENTS = 'agents:{main}';
const COMMAND_LIMIT_MS = 60_000;
/** How long an instance out of rotation may finish what it has begun, in ms. */
const FINISH_MS = 1_000;
/** How long old and new instances work side by side, in ms. */
const SIDE_BY_SIDE_MS = 3_000;

export const rollingUpgrade: Drill = {
  name: 'rolling-upgrade',
  proves:
    'Every region moves to a next version of Muster with new formats of records, scripts and messages, and back to this one: ' +
    'instance by instance, under load, old and new ones side by side, without one failed request.',
  async run(stage) {
    const dir = mkdtempSync(join(tmpdir(), 'muster-next-'));
    try {
      await upgradeAndReturn(stage, makeNextVersion(dir));
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

async function upgradeAndReturn(stage: Stage, next: string): Promise<void> {
  const world = await stage.open('rolling-upgrade', { instancesPerRegion: 2 });
  await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
  const oldest = { store: NEWEST.number, exchange: EXCHANGE.newest };

  await replaceEach(stage, world, 0, next, 'One instance of every region is replaced by the next version');
  await refused(stage, world, next, 'start', 'The formats cannot change while old instances live');
  await replaceEach(stage, world, 1, next, 'The others follow: everything is new, and the formats are the old ones');
  await formatsAre(stage, world, next, oldest, 'The new version works with the old formats, in every region');
  await refused(stage, world, next, 'finish', 'Other regions cannot get new messages before the stores have changed');
  await everywhere(stage, world, next, 'start', 'The stores of all regions change to the new format');
  const converted = { ...oldest, store: NEXT.store };
  await formatsAre(stage, world, next, converted, 'Every record has the new format, in every region');
  await callsGetAgents(stage, world, 'Calls get agents in every region');
  await refusesToStart(stage, world);
  await everywhere(stage, world, next, 'finish', 'All regions send each other new messages');
  await formatsAre(stage, world, next, NEXT, 'Messages have the new format, too');
  await callsGetAgents(stage, world, 'Calls get agents in every region as before');

  await everywhere(stage, world, next, 'back', 'The way back: all regions return to the old formats');
  await formatsAre(stage, world, next, oldest, 'Records and messages have the old formats again');
  await replaceEach(stage, world, 0, THIS, 'One instance of every region is replaced by this version');
  await replaceEach(stage, world, 1, THIS, 'The others follow');
  await callsGetAgents(stage, world, 'Calls get agents in every region once more');
  await noneFailed(stage, world);
  await stage.prove();
}

/** A step: in all regions at once, one instance is taken out of rotation, and comes back as another version. */
async function replaceEach(stage: Stage, world: World, at: number, program: string, name: string): Promise<void> {
  await stage.step(name, async (say) => {
    const replaced = world.regions.map(async (region) => {
      const instance = region.instances[at] as Instance;
      instance.isInRotation = false;
      await stage.pass(FINISH_MS);
      await instance.stop();
      instance.program = program;
      await instance.start();
      instance.isInRotation = true;
      say(instance.name, program === THIS ? 'this version' : NEXT.version);
    });
    await Promise.all(replaced);
    await stage.pass(SIDE_BY_SIDE_MS);
    await noSurprise(world);
  });
}

interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs `muster upgrade` for a region. */
function upgrade(program: string, { instance }: LocalRegion, ...args: string[]): Promise<Ended> {
  const all = [program, 'upgrade', ...args, '--config', instance.configFile];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { timeout: COMMAND_LIMIT_MS }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
    );
  });
}

/** A step: the command refuses, and says why. */
async function refused(stage: Stage, world: World, program: string, command: string, name: string): Promise<void> {
  await stage.step(name, async (say) => {
    for (const region of world.regions) {
      const { code, err } = await upgrade(program, region, command);
      say(region.name, err.trim().split('\n'));
      demand(code === 1, `muster upgrade ${command} ended with ${code} in ${region.name}`);
    }
  });
}

/** A step: the command succeeds in every region. */
async function everywhere(stage: Stage, world: World, program: string, command: string, name: string): Promise<void> {
  await stage.step(name, async (say) => {
    for (const region of world.regions) {
      const { seen } = await stage.until(
        `muster upgrade ${command} succeeds in ${region.name}`,
        () => upgrade(program, region, command),
        ({ code }) => code === 0,
      );
      say(region.name, seen.out.trim().split('\n'));
    }
    await noSurprise(world);
  });
}

interface Formats {
  store: string;
  exchange: number;
}

/** What `muster upgrade status --json` says of a region. */
interface Told {
  next: string;
  domains: { domain: string; format: string; mixed?: string }[];
  instances: { note?: { exchange: { sends: number } } }[];
  peers: { region: string; sends: number }[];
  older_may_start: boolean;
}

/** A step: every region has these formats, in every record, and is known for them in the others. */
async function formatsAre(
  stage: Stage,
  world: World,
  program: string,
  { store, exchange }: Formats,
  name: string,
): Promise<void> {
  await stage.step(name, async (say) => {
    for (const region of world.regions) {
      const { seen } = await stage.until(
        `${region.name} has these formats`,
        async () => JSON.parse((await upgrade(program, region, 'status', '--json')).out) as Told,
        ({ domains, instances, peers }) =>
          domains.every(({ format, mixed }) => format === store && mixed === undefined) &&
          instances.every(({ note }) => note?.exchange.sends === exchange) &&
          peers.every(({ sends }) => sends === exchange),
      );
      const counts = await recordsByFormat(region);
      say(region.name, `${shown(counts)}; ${seen.next}`);
      demand(Object.keys(counts).join() === store, `${region.name} has records of the formats ${shown(counts)}`);
      const mayStart = store === NEWEST.number && exchange === EXCHANGE.newest;
      demand(
        seen.older_may_start === mayStart,
        `an older instance may start in ${region.name}: ${seen.older_may_start}`,
      );
    }
    await noSurprise(world);
  });
}

/** Number of records by format, read past Muster. */
async function recordsByFormat({ cluster }: LocalRegion): Promise<Record<string, number>> {
  const master = await cluster.masterOf(AGENTS);
  const headers = (await withAdmin(master.port, (redis) => redis.run('HVALS', AGENTS))) as string[];
  const counts: Record<string, number> = {};
  for (const header of headers) counts[header.charAt(0)] = (counts[header.charAt(0)] ?? 0) + 1;
  return counts;
}

/** A step: this version does not start where the stores have the next format, and says what to do. */
async function refusesToStart(stage: Stage, world: World): Promise<void> {
  await stage.step('An instance of this version refuses to start on the new format', async (say) => {
    for (const region of world.regions) {
      const { code, err } = await upgrade(THIS, region, 'status');
      say(region.name, err.trim());
      demand(code === 2 && err.includes(`format ${NEXT.store}`), `it ended with ${code}`);
    }
  });
}

/** A step: no caller was told to come again, or got no answer. */
async function noneFailed(stage: Stage, world: World): Promise<void> {
  await stage.step('Not one request of a caller has failed', (say) => {
    const failed = world.regions.map(({ name }) => {
      const { granted, unavailable } = ask.tallyOf(world, name);
      say(name, `${granted} claims granted, ${unavailable} requests failed`);
      return unavailable;
    });
    demand(
      failed.every((count) => count === 0),
      `${failed.reduce((sum, count) => sum + count, 0)} requests failed`,
    );
  });
}

/** Fails a step at once if a caller got an answer that it should never get. */
async function noSurprise({ callers: { surprises } }: World): Promise<void> {
  demand(surprises.length === 0, `a caller got an answer that it should never get: ${surprises[0]}`);
}
