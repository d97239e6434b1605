import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { startRedisCluster } from '../world/redis/cluster.ts';
import type { LocalRegion } from '../world/region/region.ts';
import { freePort } from '../world/tools/ports.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Say } from './stage/report.ts';
import type { Stage } from './stage/stage.ts';

const REGION = 'eu-west-1';
const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const NODE_TIMEOUT_MS = 5_000;
/** A start that is not refused would go on for ever. */
const START_LIMIT_MS = 60_000;

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
      await refused(stage, ask.regionOf(world, REGION), other.access);
      await callsGetAgents(stage, world, 'Calls get agents in every region as before');
    } finally {
      await other.stop();
      rmSync(dir, { recursive: true, force: true });
    }
    await stage.prove();
  },
};

function refused(stage: Stage, region: LocalRegion, redis: object): Promise<void> {
  return stage.step('A second cluster under the name of the region: the instance does not start', async (say: Say) => {
    // Beside the original: it names files.
    const file = join(dirname(region.instance.configFile), 'other.yaml');
    const port = await freePort();
    const config = parse(readFileSync(region.instance.configFile, 'utf8')) as { listen: object };
    writeFileSync(file, stringify({ ...config, redis, listen: { ...config.listen, port } }));
    const { code, err } = await new Promise<{ code: unknown; err: string }>((resolve) => {
      const options = { timeout: START_LIMIT_MS };
      execFile(process.execPath, [CLI, 'serve', '--config', file], options, (error, _, err) =>
        resolve({ code: error?.code, err }),
      );
    });
    const told = err.trim().split('\n').at(-1) ?? '';
    say('it says', told);
    demand(code === 1 && told.includes('another Redis Cluster serves region'), `it ended with ${code}`);
  });
}
