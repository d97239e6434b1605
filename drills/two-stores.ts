import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { startRedisCluster } from '../world/redis/cluster.ts';
import { freePort } from '../world/tools/ports.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';

const REGION = 'eu-west-1';
const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const NODE_TIMEOUT_MS = 5_000;
/** A start that is not refused would go on for ever. */
const START_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 50;

export const twoStores: Drill = {
  name: 'two-stores',
  proves:
    'An instance that has the name of a living region and another Redis Cluster does not start, and says which clusters there are. ' +
    'The region notices nothing.',
  async run(stage) {
    const world = await stage.open('two-stores', { connection: { authority: 'refuse' } });
    const dir = mkdtempSync(join(tmpdir(), 'muster-other-'));
    const other = await startRedisCluster({ dir, nodeTimeoutMs: NODE_TIMEOUT_MS });
    try {
      await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
      await refused(stage, world, other.access);
      await callsGetAgents(stage, world, 'Calls get agents in every region as before');
    } finally {
      await other.stop();
      rmSync(dir, { recursive: true, force: true });
    }
    await stage.prove();
  },
};

function refused(stage: Stage, world: World, redis: object): Promise<void> {
  return stage.step('A second cluster under the name of the region: the instance does not start', async (say) => {
    const { instance } = ask.regionOf(world, REGION);
    // Beside the original: it names files.
    const file = join(dirname(instance.configFile), 'other.yaml');
    const port = await freePort();
    const config = parse(readFileSync(instance.configFile, 'utf8')) as { listen: object };
    writeFileSync(file, stringify({ ...config, redis, listen: { ...config.listen, port } }));
    let ended: Ended | undefined;
    const started = serve(file).then((end) => {
      ended = end;
      return end;
    });
    const seen = new Set<string>();
    while (!ended) {
      const views = ask.othersThan(world, REGION).map((region) => ask.viewOf(world, region, REGION));
      for (const { state } of await Promise.all(views)) seen.add(state);
      await stage.pass(LOOK_EVERY_MS);
    }
    const { code, err } = await started;
    const told = err.trim().split('\n').at(-1) ?? '';
    say('it says', told);
    say(`${REGION} elsewhere, meanwhile`, [...seen].join(', '));
    demand(code === 1 && told.includes('another Redis Cluster serves region'), `it ended with ${code}`);
    demand(!seen.has('left'), 'it said good-bye in the name of the region');
  });
}

interface Ended {
  code: unknown;
  err: string;
}

function serve(file: string): Promise<Ended> {
  return new Promise((resolve) => {
    const command = [CLI, 'serve', '--config', file];
    execFile(process.execPath, command, { timeout: START_LIMIT_MS }, (error, _, err) =>
      resolve({ code: error?.code, err }),
    );
  });
}
