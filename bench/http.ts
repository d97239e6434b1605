import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '@muster/simulators/kit/random';
import { systemClock } from '../src/ops/clock.ts';
import { compareAt } from './compare.ts';
import { MOST, QUEUES, queueId } from './pool.ts';
import { Server } from './server.ts';
import type { Measured } from './summary.ts';
import type { Settings, Topic } from './topic.ts';
import type { World } from './world.ts';

const DOMAIN = 'http';
const AGENTS = 10_000;
const IN_FLIGHT = [1, 64];
const QUIET_WITHIN_MS = 10_000;
const POLL_MS = 10;

/** Claims over HTTP from a whole instance, against a server that runs one raw script. */
export const http: Topic = {
  name: 'http',
  measure: async (world, settings) => {
    await world.load(DOMAIN, AGENTS);
    const configFile = join(world.dir, 'bench.yaml');
    writeFileSync(configFile, JSON.stringify(world.config));
    const servers = [await Server.start('bare', configFile), await Server.start('muster', configFile)] as const;
    try {
      const rows = await claimOver(...servers, world, settings);
      const reading =
        '"fastify + write" is a route without validation that runs the raw write script. An instance also waits for a replica, answers with the agent, and publishes the claim; its releases, and the messages of both, are outside the measured time.';
      const title = 'Claims over HTTP: 10,000 agents, 50 queues, 1,000 available';
      return [{ scenario: 'claims over HTTP', title, rows, reading, targets: [] }];
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  },
};

async function claimOver(bare: Server, muster: Server, world: World, { seconds }: Settings): Promise<Measured[]> {
  const random = new Random(4);
  const taken: string[] = [];
  let calls = 0;
  const body = () => ({ queue: queueId(DOMAIN, random.below(QUEUES)), call_id: `http-${calls++}` });
  const contestants = [
    { name: 'fastify + write', operation: () => bare.post('/v1/claims', body()) },
    {
      name: 'claim',
      operation: async () => {
        const { claim_id } = (await muster.post('/v1/claims', body())) as { claim_id: string };
        taken.push(claim_id);
      },
      most: MOST,
      cleanUp: async () => {
        await Promise.all(taken.splice(0).map((id) => muster.post(`/v1/claims/${encodeURIComponent(id)}/release`, {})));
        await quiet(muster);
      },
    },
  ];
  return compareAt(IN_FLIGHT, { contestants, seconds, meter: world.meter });
}

/** Waits until all published messages have come back from the bus, so that they do not slow down other contestants. */
async function quiet(muster: Server): Promise<void> {
  const untilMs = systemClock.monotonicMs() + QUIET_WITHIN_MS;
  for (;;) {
    const { outbox, bus_behind } = (await muster.get('/v1/regions')) as { outbox: number; bus_behind: number | null };
    if (outbox === 0 && bus_behind === 0) return;
    if (systemClock.monotonicMs() > untilMs) throw new Error(`the instance still has ${outbox} changes to publish`);
    await delay(POLL_MS);
  }
}
