import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { HostClock } from '../../world/tools/host-clock.ts';
import { canStandStill } from '../fixtures/host-clock.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import {
  ask,
  bringOnDuty,
  eventOf,
  type Process,
  type Regions,
  startRegions,
  type TestRegion,
} from '../fixtures/regions.ts';

const FOR_MS = 4000;
/** By the design an age may be too small for one probe interval after the host goes on. */
const INTERVAL_MS = 1000;
/** For what a busy machine adds to a probe, and to the requests of this test. */
const TOLERANCE_MS = 500;
const STALE_MS = 5000;
/** How long ages are watched after the host goes on: longer than a clock that lost `FOR_MS` would call them fresh. */
const WATCHED_MS = 6500;

let dir: string;
let clock: HostClock;
let regions: Regions;
let eu: TestRegion;
let us: TestRegion;
beforeAll(async () => {
  if (!(await canStandStill())) return;
  dir = await mkdtemp(join(tmpdir(), 'muster-host-clock-'));
  clock = await HostClock.build(dir, 'eu');
  const freshness = { heartbeatMs: 200, suspectMs: 2000, staleMs: STALE_MS };
  regions = await startRegions({ names: ['eu', 'us'], replicas: false, env: { eu: clock.env }, config: { freshness } });
  [eu, us] = regions.all as [TestRegion, TestRegion];
});
afterAll(async () => {
  await regions?.stop();
  if (dir) await rm(dir, { recursive: true, force: true });
});

const soon = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 45_000, interval: 50 });
const usInEu = async () =>
  (await ask(`${eu.url}/v1/regions`)).body.regions.find(({ region }: { region: string }) => region === 'us');
const isFresh = () => soon(async () => expect((await usInEu()).state).toBe('fresh'));
const offered = async (): Promise<string[]> => {
  const { body } = await ask(`${eu.url}/agents/available?queue=support&limit=50`);
  return body.agents.map(({ agent_id }: { agent_id: string }) => agent_id);
};
const standstills = async () => {
  const text = await (await fetch(`${eu.url}/metrics`)).text();
  return Number(/muster_host_standstills_total\{[^}]*\} (\d+)/.exec(text)?.[1]);
};
const pidOfEu = (): number => (eu.processes[0] as Process).pid;

describe.runIf(await canStandStill())('an instance whose host stands still together with its monotonic clock', () => {
  it.each(['paused', 'suspended'] as const)(
    'finds out at once, and is fresh again with the next heartbeats: %s',
    async (how) => {
      await isFresh();
      // Each clock is read once in a while: after two standstills in between it tells their sum, which is one more.
      await delay(2 * INTERVAL_MS);
      const before = await standstills();
      await clock.standStill(pidOfEu(), FOR_MS, how);
      await soon(async () => expect(await standstills()).toBe(before + 1));
      await isFresh();
      const { warnings } = (await ask(`${eu.url}/v1/regions`)).body;
      expect(warnings[0]).toMatch(
        /^the host of this instance stood still for at least (3\.[5-9]|4\.\d) s, found \d+ s ago by the/,
      );
      const lines = (await readFile((eu.processes[0] as Process).log, 'utf8')).split('\n');
      expect(lines.filter((line) => line.includes('"host_stood_still"')).length).toBe(before + 1);
      // Nobody else takes the heartbeats of a host that stood still for a clock that leapt.
      expect((await ask(`${us.url}/v1/regions`)).body.warnings.join()).not.toContain('stood still');
    },
  );

  it('never understates an age by more than one interval, and offers nobody who went off duty, though the bus is away', async () => {
    const [first, second] = (await bringOnDuty(us, 2, regions.all, RECENTLY_MS)) as [string, string];
    await isFresh();
    expect(await offered()).toEqual([first, second]);
    await regions.bus.stop();
    const cutMs = performance.now();
    expect((await ask(`${us.url}/v1/events`, 'POST', eventOf(first, 'OFFLINE', RECENTLY_MS + 60_000))).status).toBe(
      202,
    );
    await clock.standStill(pidOfEu(), FOR_MS);
    const wokenMs = performance.now();
    await delay(INTERVAL_MS + TOLERANCE_MS);
    const wrong: string[] = [];
    for (; performance.now() < wokenMs + WATCHED_MS; await delay(100)) {
      const leastMs = performance.now() - cutMs - INTERVAL_MS - TOLERANCE_MS;
      const { age_ms: ageMs } = await usInEu();
      const isOffered = (await offered()).includes(first);
      const afterMs = Math.round(performance.now() - wokenMs);
      if (ageMs !== null && ageMs < leastMs) wrong.push(`${afterMs}: ${ageMs} ms old, it is ${Math.round(leastMs)}`);
      if (isOffered) wrong.push(`${afterMs}: ${first} is offered`);
    }
    expect(wrong).toEqual([]);
    await regions.bus.start();
    await isFresh();
    await soon(async () => expect(await offered()).toEqual([second]));
  });

  it('takes no alarm of a process that is stopped while its clocks go on', async () => {
    const before = await standstills();
    process.kill(pidOfEu(), 'SIGSTOP');
    await delay(2000);
    process.kill(pidOfEu(), 'SIGCONT');
    await isFresh();
    await delay(2 * INTERVAL_MS);
    expect(await standstills()).toBe(before);
  });
});
