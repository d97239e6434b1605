import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import type { ClaimAnswer } from '../src/contract/claims.ts';
import { systemClock } from '../src/ops/clock.ts';
import type { LocalRegion } from '../world/region/region.ts';
import type { HttpAnswer } from '../world/tools/http.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, Held, lastInLine, lineOf } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';
import { duration } from './stage/words.ts';

/** The region whose config changes, and the home it then names for its own connection. The others do not know. */
const CHANGED = 'eu-west-1';
const MOVED_TO = 'us-east-1';
const BUDGET_MS = 1_000;
/** Time for an answer after the end of the budget, on a busy machine, in ms. */
const GRACE_MS = 1_500;
/** How long requests are counted after each request, in ms, to find one that is passed on endlessly. */
const COUNTED_MS = 2_000;
/** The caller's request, and one hop. */
const REQUESTS = 2;
/** Regions probe each other about once a second. */
const SLACK = 6;

export const mixedConfig: Drill = {
  name: 'mixed-config',
  proves:
    "One region's config names another home for a connection than the others' do: requests between them make one hop and " +
    'are answered in time, with a reason; when the configs agree again, everything works.',
  async run(stage) {
    const world = await stage.open('mixed-config', { connection: { authority: 'refuse' } });
    const region = ask.regionOf(world, CHANGED);
    const { instance } = region;
    const connection = ask.connectionOf(world, CHANGED);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    const held = new Held(stage, world, region);
    await held.take(1);
    const [claim] = held.claims;
    if (!claim) throw new Error('no agent is held');
    await stage.step('Calls stop for a while, and every region knows which agents wait', async (say) => {
      await world.callers.stop();
      say('calls under way', world.callers.inFlight);
      // Calls that end while a region is down would leave agents busy in other regions.
      await stage.until(
        'no agent talks',
        () => connection.state().interacting,
        (talking) => talking === 0,
      );
      const { seen } = await stage.until(
        'every region knows which agents wait',
        () => {
          const waiting = lineOf(connection).map(({ id }) => connection.agentId(id));
          const others = waiting.filter((agentId) => agentId !== claim.agent_id);
          return Promise.all(others.map((agentId) => ask.agentEverywhere(world, agentId)));
        },
        (told) => told.flatMap(Object.values).every(({ status }) => status === 'AVAILABLE'),
      );
      say('who wait', seen.length);
    });
    const agreed = readFileSync(instance.configFile, 'utf8');
    await stage.step(`${CHANGED} starts again with another home for ${connection.name}`, async (say) => {
      writeFileSync(instance.configFile, rehomed(agreed, connection.name));
      await restart(stage, world, region);
      say(`home in ${CHANGED}`, MOVED_TO);
      say('home elsewhere', CHANGED);
    });
    const free = connection.agentId(lastInLine(connection, { noneOf: [claim.agent_id] }).id);
    await stage.step('It gets events of both agents', async (say) => {
      for (const agentId of [claim.agent_id, free]) await speakOf(world, region, agentId);
      for (const [name, { home }] of Object.entries(await ask.agentEverywhere(world, free)))
        say(`home in ${name}`, home);
    });
    await oneHop(stage, world, claim, free);
    await stage.step('The configs agree again', async (say) => {
      writeFileSync(instance.configFile, agreed);
      await restart(stage, world, region);
      for (const agentId of [claim.agent_id, free]) await speakOf(world, region, agentId);
      say(`home in ${CHANGED}`, CHANGED);
    });
    await held.findAndRelease();
    await stage.step('The agent can be claimed in every region again', async (say) => {
      for (const each of world.regions) {
        const asked = { queue: 'global', call_id: `drill-${each.name}`, agent_id: free, budget_ms: BUDGET_MS };
        const { seen } = await stage.until(`${each.name} gets it`, () => ask.claim(world, each, asked), ask.succeeded);
        say(each.name, ask.outcome(seen));
        const released = await ask.settle(world, each, seen.body as ClaimAnswer, 'release');
        demand(ask.succeeded(released), `the claim of ${each.name} was not given back: ${ask.outcome(released)}`);
      }
    });
    await callsGetAgents(stage, world, 'Calls get agents in every region again');
    await stage.prove();
  },
};

function rehomed(yaml: string, connection: string): string {
  const config = parse(yaml);
  config.connections[connection].home = MOVED_TO;
  return stringify(config);
}

/** Restarts the instance with its present configuration; resolves when regions hear each other again. */
async function restart(stage: Stage, world: World, { instance }: LocalRegion): Promise<void> {
  await instance.restart();
  await stage.until(
    'every region hears every other',
    () => ask.reports(world),
    (reports) => reports.every(({ regions }) => regions.every((view) => view.state === 'fresh' && view.reachable)),
  );
}

let spoken = 0;

/** Sends an event to the region: the agent is available. */
async function speakOf({ http }: World, { url }: LocalRegion, agent_id: string): Promise<void> {
  const event = {
    event_id: `drill-${++spoken}`,
    agent_id,
    timestamp: systemClock.nowMs(),
    presence: { state: 'ON_DUTY' as const },
    activity: { state: 'IDLE' as const },
  };
  await http.muster(url, ask.ATTEMPTS).sendEvents({ body: event });
}

/** Requests to one region that it takes to be the other's. */
function oneHop(stage: Stage, world: World, held: ClaimAnswer, free: string): Promise<void> {
  return stage.step(
    'Requests that one region takes to be the other’s make one hop, and are answered with a reason',
    async (say) => {
      const idle = await counted(stage, world, async () => undefined);
      say(`requests in ${duration(COUNTED_MS)} of nothing`, idle.requests);
      const asked: Record<string, (region: LocalRegion) => Promise<HttpAnswer>> = {
        'renews a claim': (region) => ask.settle(world, region, held, 'renew', { budget_ms: BUDGET_MS }),
        'claims the agent': (region) =>
          ask.claim(world, region, { queue: 'global', call_id: 'drill-mixed', agent_id: free, budget_ms: BUDGET_MS }),
      };
      const wrong: string[] = [];
      for (const name of [CHANGED, MOVED_TO]) {
        for (const [what, request] of Object.entries(asked)) {
          const { answer, tookMs, requests } = await counted(stage, world, () => request(ask.regionOf(world, name)));
          const more = requests - idle.requests;
          const { detail } = (answer?.body ?? {}) as { detail?: string };
          const told = answer ? ask.outcome(answer) : 'no answer';
          say(`who ${what} in ${name}`, [`${told} after ${duration(tookMs)}, ${more} more requests`, detail ?? '']);
          if (answer?.status !== 503 || !/config/i.test(detail ?? '')) wrong.push(`${what} in ${name} got ${told}`);
          if (tookMs > BUDGET_MS + GRACE_MS) wrong.push(`${what} in ${name} took ${duration(tookMs)}`);
          if (more > REQUESTS + SLACK) wrong.push(`${what} in ${name} made ${more} requests`);
        }
      }
      demand(wrong.length === 0, wrong.join('; '));
    },
  );
}

interface Counted {
  answer: HttpAnswer | undefined;
  tookMs: number;
  /** Number of requests in all regions during a request and for a while after, those for counting included. */
  requests: number;
}

async function counted(stage: Stage, world: World, request: () => Promise<HttpAnswer | undefined>): Promise<Counted> {
  const before = await requestsTaken(world);
  const startedMs = systemClock.monotonicMs();
  const answer = await request().catch(() => undefined);
  const tookMs = systemClock.monotonicMs() - startedMs;
  await stage.pass(Math.max(0, COUNTED_MS - tookMs));
  return { answer, tookMs, requests: (await requestsTaken(world)) - before };
}

async function requestsTaken(world: World): Promise<number> {
  const counts = world.regions.map((region) =>
    ask.metric(world, region, 'muster_authentications_total', { outcome: 'accepted' }),
  );
  return (await Promise.all(counts)).reduce((total, count) => total + count, 0);
}
