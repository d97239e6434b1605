import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import type { RegionReport } from '../../src/contract/operators.ts';
import type { LocalRegion } from '../../world/region/region.ts';
import { startWorld, type World } from '../../world/world.ts';

const CALLS_MS = 8_000;
/** Short calls, so that every agent gets several and the end does not take long. */
const habits = { talkMs: 3_000, wrapUpMs: 1_500, breakMs: 3_000 };

/** What every line that an instance logs as an error holds. */
const ERROR_LINE = '"level":50';

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** Every process of the world, by id. */
function pidsOf({ regions, bus }: World): number[] {
  const servers = regions.flatMap(({ cluster }) => cluster.nodes.map(({ server }) => server));
  const instances = regions.flatMap((region) => region.instances);
  return [...bus.pids, ...[...servers, ...instances].flatMap(({ pid }) => pid ?? [])];
}

describe('a world of three regions', () => {
  let world: World;
  /** Whom a region can hear: other regions, its platforms, the bus. */
  async function whatIsHeard({ url }: LocalRegion) {
    const report = await world.http.read<RegionReport>(`${url}/v1/regions`);
    const others = report.regions.filter(({ region }) => region !== report.region);
    return {
      regions: Object.fromEntries(others.map(({ region, reachable }) => [region, reachable])),
      platforms: report.connections.map(({ connected }) => connected),
      bus: report.bus_behind !== null,
    };
  }
  beforeAll(async () => {
    world = await startWorld({
      agents: 120,
      callsPerSecond: 15,
      habits,
      config: { freshness: { suspectMs: 9_000 } },
      connection: { authority: 'refuse' },
      clockOffsetsMs: { 'ap-southeast-1': -500 },
    });
  });
  afterAll(() => world?.stop());

  it('hands every agent to one caller, loses nothing, and ends in agreement with the platforms', async () => {
    world.callers.start();
    await delay(CALLS_MS);
    const report = await world.report();
    expect(report).toMatchObject({ double_bookings: 0, lost_events: 0, converged: true, faults: [] });
    const tallies = [...world.callers.tallies.values()];
    expect(tallies).toHaveLength(3);
    for (const tally of tallies) {
      expect(tally.local.count).toBeGreaterThan(0);
      expect(tally.remote.count).toBeGreaterThan(0);
    }
    const sent = world.connections.reduce((total, each) => total + each.state().interactionsSent, 0);
    const connected = tallies.reduce((total, tally) => total + tally.connected, 0);
    expect(sent).toBe(connected);
    expect(connected).toBeGreaterThan(CALLS_MS / 1000);
    for (const { events, claims } of report.regions) {
      expect(events.accepted).toBeGreaterThan(0);
      expect(events.rejected).toBe(0);
      expect(claims.granted).toBeGreaterThan(0);
    }
    expect(report.propagation.p50_ms).toBeGreaterThan(0);
    for (const { instance } of world.regions) expect(readFileSync(instance.logFile, 'utf8')).not.toContain(ERROR_LINE);
  });

  it('notices that an instance dies, and can start it again', async () => {
    const { instance } = world.regions[0] as World['regions'][number];
    const death = world.death();
    process.kill(instance.pid as number, 'SIGKILL');
    expect(await death).toContain(`the instance ${instance.name} ended unexpectedly`);
    await instance.restart();
    expect((await world.settle()).converged).toBe(true);
  });

  it('lets no way out of a region that its weather does not know', async () => {
    const europe = world.regions[1] as World['regions'][number];
    const everything = { regions: { 'us-east-1': true, 'ap-southeast-1': true }, platforms: [true], bus: true };
    await vi.waitFor(async () => expect(await whatIsHeard(europe)).toEqual(everything), 10_000);
    world.weather.isolate(europe.name, { platforms: true });
    const nothing = { regions: { 'us-east-1': false, 'ap-southeast-1': false }, platforms: [false], bus: false };
    await vi.waitFor(async () => expect(await whatIsHeard(europe)).toEqual(nothing), 10_000);
    world.weather.rejoin(europe.name);
    await vi.waitFor(async () => expect(await whatIsHeard(europe)).toEqual(everything), 10_000);
  });

  it('configures instances as it was told to, and sets their clocks wrong', async () => {
    const [america, , asia] = world.regions as [LocalRegion, LocalRegion, LocalRegion];
    const config = parse(readFileSync(america.instance.configFile, 'utf8'));
    expect(config).toMatchObject({
      freshness: { suspectMs: 9_000 },
      connections: {
        'genesys-us': { platform: 'genesys', home: 'us-east-1', authority: 'refuse' },
        'cxone-ap': { platform: 'cxone', home: 'ap-southeast-1', authority: 'refuse' },
      },
    });
    const { regions } = await world.http.read<RegionReport>(`${america.url}/v1/regions`);
    expect(Math.round((regions.find(({ region }) => region === asia.name)?.clock_offset_ms ?? 0) / 100)).toBe(-5);
  });

  it('leaves no process and no folder behind', async () => {
    const pids = pidsOf(world);
    expect(pids).toHaveLength(3 * 6 + 1 + 3);
    await world.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(world.dir)).toBe(false);
  });
});
