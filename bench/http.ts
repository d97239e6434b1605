import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '@muster/simulators/kit/random';
import { systemClock } from '../src/ops/clock.ts';
import type { CommandMeter } from './command-meter.ts';
import { compareAt } from './compare.ts';
import { MOST, QUEUES, queueId } from './pool.ts';
import { Server } from './server.ts';
import type { Measured } from './summary.ts';
import { atMost, type Target } from './targets.ts';
import type { Settings, Topic } from './topic.ts';
import type { World } from './world.ts';

const DOMAIN = 'http';
const AGENTS = 10_000;
const IN_FLIGHT = [1, 64];
const QUIET_WITHIN_MS = 10_000;
const POLL_MS = 10;
const LONE_CLAIMS = 800;
const LONE_EVERY_MS = 5;

/** Claims over HTTP from a whole instance, against a server that runs one raw script. */
export const http: Topic = {
  name: 'http',
  measure: async (world, settings) => {
    await world.load(DOMAIN, AGENTS);
    const configFile = join(world.dir, 'bench.yaml');
    // Heartbeats are of every domain.
    const { [DOMAIN]: domain = {} } = world.config.domains;
    const { [DOMAIN]: connection } = world.config.connections;
    const alone = { domains: { [DOMAIN]: domain }, connections: { [DOMAIN]: connection } };
    writeFileSync(configFile, JSON.stringify({ ...world.config, ...alone }));
    const servers = [await Server.start('bare', configFile), await Server.start('muster', configFile)] as const;
    try {
      const rows = await claimOver(...servers, world, settings);
      const targets = await commandsOfLoneClaims(servers[1], world);
      const reading =
        '"fastify + write" is a route without validation that runs the raw write script. An instance also waits for a replica, answers with the agent, and publishes the claim; its releases, and the messages of both, are outside the measured time. Its commands include what the instance does in the meantime, e.g. for its leases; the targets leave that out.';
      const title = 'Claims over HTTP: 10,000 agents, 50 queues, 1,000 available';
      return [{ scenario: 'claims over HTTP', title, rows, reading, targets }];
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

/**
 * The scripts and waits that a claim alone causes, its publishing included: in the store, and on the bus, where this region also
 * reads what it has published. What the instance executes anyway in as much time is left out.
 */
async function commandsOfLoneClaims(muster: Server, world: World): Promise<Target[]> {
  const meters = [world.meter, world.busMeter];
  const count = async (meter: CommandMeter): Promise<number> => {
    const stats = await meter.read();
    return ['evalsha', 'eval', 'wait'].reduce((sum, name) => sum + (stats.get(name)?.calls ?? 0), 0);
  };
  const during = async (work: (n: number) => Promise<unknown>): Promise<number[]> => {
    const before = await Promise.all(meters.map(count));
    const fromMs = systemClock.monotonicMs();
    for (let n = 0; n < LONE_CLAIMS; n++) {
      await work(n);
      await delay(Math.max(0, fromMs + (n + 1) * LONE_EVERY_MS - systemClock.monotonicMs()));
    }
    const after = await Promise.all(meters.map(count));
    return after.map((now, i) => (now - (before[i] ?? 0)) / (systemClock.monotonicMs() - fromMs));
  };
  await quiet(muster);
  const idle = await during(async () => undefined);
  const busy = await during((n) =>
    muster.post('/v1/claims', { queue: queueId(DOMAIN, n % QUEUES), call_id: `lone-${n}` }),
  );
  const [ofStore = Number.NaN, ofBus = Number.NaN] = busy.map((perMs, i) => (perMs - (idle[i] ?? 0)) * LONE_EVERY_MS);
  const rounded = (value: number): number => Math.round(value * 10) / 10;
  return [
    atMost('http: scripts and waits in the store that a lone claim causes', 4, rounded(ofStore)),
    atMost('http: scripts on the bus that a lone claim causes', 2, rounded(ofBus)),
  ];
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
