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

/** Whose config changes, and where it moves its own connection to: the others know nothing of it. */
const CHANGED = 'eu-west-1';
const MOVED_TO = 'us-east-1';
const BUDGET_MS = 1_000;
/** From the end of its budget until a caller on a busy machine has its answer, in ms. */
const GRACE_MS = 1_500;
/** How long requests are counted after each question, in ms: what is passed on and on goes on. */
const COUNTED_MS = 2_000;
/** The caller's request, and one hop. */
const REQUESTS = 2;
/** Regions ask each other how they are once a second, now more, now less. */
const SLACK = 6;

export const mixedConfig: Drill = {
  name: 'mixed-config',
  proves:
    "One region's config names another home for a connection than the others' do: whatever is asked between them makes " +
    'one hop and is answered in time, in words; when the configs agree again, everything works.',
  async run(stage) {
    const world = await stage.open('mixed-config', { connection: { authority: 'refuse' } });
    const region = ask.regionOf(world, CHANGED);
    const { instance } = region;
    const connection = ask.connectionOf(world, CHANGED);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    const held = new Held(stage, world, region);
    await held.take(1);
    const [claim] = held.claims;
    if (!claim) throw new Error('nobody is held');
    await stage.step('Nobody calls for a while, and every region knows who waits', async (say) => {
      await world.callers.stop();
      say('calls under way', world.callers.inFlight);
      // Whoever stopped talking while a region is not there would be busy for all who heard of the call.
      await stage.until(
        'nobody talks',
        () => connection.state().interacting,
        (talking) => talking === 0,
      );
      const { seen } = await stage.until(
        'every region knows who waits',
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
    await stage.step('Both of the agents are spoken of there', async (say) => {
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
        const { seen } = await stage.until(
          `${each.name} is given it`,
          () => ask.claim(world, each, asked),
          ask.succeeded,
        );
        say(each.name, ask.told(seen));
        const released = await ask.settle(world, each, seen.body as ClaimAnswer, 'release');
        demand(ask.succeeded(released), `the claim of ${each.name} was not given back: ${ask.told(released)}`);
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

/** The instance ends and starts with what its configuration is now; the regions hear each other again. */
async function restart(stage: Stage, world: World, { instance }: LocalRegion): Promise<void> {
  await instance.restart();
  await stage.until(
    'every region hears every other',
    () => ask.reports(world),
    (reports) => reports.every(({ regions }) => regions.every((view) => view.state === 'fresh' && view.reachable)),
  );
}

let spoken = 0;

/** Somebody tells the region that the agent is there. */
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

/** Everything that is asked of one region and is the other's, as each of them sees it. */
function oneHop(stage: Stage, world: World, held: ClaimAnswer, free: string): Promise<void> {
  return stage.step('What one takes for the other is asked once, and answered in words', async (say) => {
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
        const told = answer ? ask.told(answer) : 'no answer';
        say(`who ${what} in ${name}`, [`${told} after ${duration(tookMs)}, ${more} more requests`, detail ?? '']);
        if (answer?.status !== 503 || !/config/i.test(detail ?? '')) wrong.push(`${what} in ${name} got ${told}`);
        if (tookMs > BUDGET_MS + GRACE_MS) wrong.push(`${what} in ${name} took ${duration(tookMs)}`);
        if (more > REQUESTS + SLACK) wrong.push(`${what} in ${name} made ${more} requests`);
      }
    }
    demand(wrong.length === 0, wrong.join('; '));
  });
}

interface Counted {
  answer: HttpAnswer | undefined;
  tookMs: number;
  /** Requests that all regions took from the question until a while after it, the counting itself included. */
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
