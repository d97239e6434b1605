import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Control, startControl } from '../../world/weather/control.ts';
import { latencyBetween } from '../../world/weather/figures.ts';
import { BUS, type LinkReport, type Route, UnknownLink, Weather } from '../../world/weather/weather.ts';
import { announce } from '../../world/weather/whereabouts.ts';

const REGIONS = ['us-east-1', 'eu-west-1'];
const usual = { latencyMs: 37.5, jitterMs: 1 };
const routes = REGIONS.flatMap((region): Route[] =>
  [BUS, ...REGIONS.filter((other) => other !== region), 'genesys-us'].map((to) => ({
    region,
    to,
    target: () => 1,
    usual,
  })),
);
const weather = new Weather(routes);
beforeAll(() => weather.start());
afterAll(() => weather.stop());
afterEach(() => weather.clear());

/** Each link that is not as it was, as one word. */
const unusual = () =>
  weather.links
    .map((link) => link.report())
    .flatMap(({ a, b, state }) => (state === 'clear' ? [] : [`${a}–${b} ${state}`]));

describe('the weather', () => {
  it('has one link between two, whichever way they are named, and a way of its own for each region', () => {
    expect(weather.links).toHaveLength(5);
    expect(weather.link('us-east-1', 'eu-west-1')).toBe(weather.link('eu-west-1', 'us-east-1'));
    expect(weather.host('us-east-1', 'eu-west-1')).not.toBe(weather.host('eu-west-1', 'us-east-1'));
  });

  it('tells every change', () => {
    const told: LinkReport[] = [];
    weather.on('change', (report) => told.push(report));
    const link = weather.link(BUS, 'eu-west-1');
    link.cut();
    link.set({ latencyMs: 300, jitterMs: 0 });
    link.stall();
    link.clear();
    link.set({ latencyMs: 300, jitterMs: 50 });
    weather.removeAllListeners();
    expect(told.map(({ state }) => state)).toEqual(['cut', 'cut', 'stalled', 'clear', 'slow']);
    expect(told.at(-1)).toEqual({ a: 'eu-west-1', b: BUS, state: 'slow', latencyMs: 300, jitterMs: 50 });
  });

  it('isolates a region, from its platforms only when asked to, and lets it rejoin', () => {
    weather.isolate('eu-west-1');
    expect(unusual()).toEqual(['us-east-1–eu-west-1 cut', 'eu-west-1–bus cut']);
    weather.isolate('eu-west-1', { platforms: true });
    expect(unusual()).toContain('eu-west-1–genesys-us cut');
    weather.rejoin('eu-west-1');
    expect(unusual()).toEqual([]);
  });

  it('names what there is when asked for what there is not', () => {
    expect(() => weather.link('eu-west-1', 'moon')).toThrow(UnknownLink);
    expect(() => weather.link('bus', 'genesys-us')).toThrow('bus has links to us-east-1, eu-west-1');
    expect(() => weather.linksOf('moon')).toThrow('there are us-east-1, bus, eu-west-1, genesys-us');
    expect(() => weather.isolate(BUS)).toThrow('there are us-east-1, eu-west-1');
  });
});

it('knows how far regions are from each other, from the bus and from platforms', () => {
  const between = (from: string, to: string, toPlatform?: boolean) =>
    2 * latencyBetween('real', from, to, toPlatform).latencyMs;
  expect(between('ap-southeast-1', 'us-east-1')).toBe(220);
  expect(between('eu-west-1', 'eu-west-1')).toBe(1);
  expect(between('eu-west-1', 'eu-west-1', true)).toBeLessThan(10);
  expect(between('us-east-1', 'eu-west-1', true)).toBeGreaterThan(between('us-east-1', 'eu-west-1'));
  expect(latencyBetween('calm', 'us-east-1', 'eu-west-1')).toEqual({ latencyMs: 0, jitterMs: 0 });
});

describe('the weather by command', () => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-test-'));
  const before = process.env.TMPDIR;
  let simulator: GenesysSimulator;
  let control: Control;
  let takeBack: () => void;

  beforeAll(async () => {
    process.env.TMPDIR = dir;
    simulator = await startGenesysSimulator({ agents: 1, paused: true });
    control = await startControl({ weather, organisations: [{ name: 'genesys-us', simulator }] });
    takeBack = announce({ url: control.url, folder: 'nowhere' });
  });
  afterAll(async () => {
    await control?.stop();
    await simulator?.stop();
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(dir, { recursive: true, force: true });
  });

  async function muster(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const child = spawn(process.execPath, ['world/cli.ts', 'weather', ...args]);
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code, out, err };
  }

  it('lists links and faults of events in columns', async () => {
    weather.link('us-east-1', BUS).cut();
    weather.link('eu-west-1', BUS).set({ latencyMs: 300, jitterMs: 50 });
    simulator.faults({ dropEvents: 0.125, delayEvents: 1, delayMs: 500 });
    expect(await muster()).toEqual({ code: 0, err: '', out: LISTED });
    simulator.faults({ dropEvents: 0, delayEvents: 0 });
  });

  it('changes links', async () => {
    for (const args of ['cut us-east-1 bus', 'stall bus eu-west-1', 'slow us-east-1 eu-west-1 --latency-ms 300']) {
      expect(await muster(...args.split(' '))).toMatchObject({ code: 0, err: '' });
    }
    const worse = ['us-east-1–bus cut', 'us-east-1–eu-west-1 slow', 'eu-west-1–bus stalled'];
    expect(unusual()).toEqual(worse);
    await muster('clear', 'us-east-1', 'bus');
    expect(unusual()).toEqual(worse.slice(1));
    await muster('isolate', 'eu-west-1', '--platforms');
    expect(unusual()).toEqual(['us-east-1–eu-west-1 cut', 'eu-west-1–bus cut', 'eu-west-1–genesys-us cut']);
    await muster('rejoin', 'eu-west-1');
    expect(unusual()).toEqual([]);
  });

  it('makes events unreliable, and clears everything', async () => {
    const given = '--drop 10 --duplicate 20 --delay-ms 500 --reorder 5'.split(' ');
    expect(await muster('events', 'genesys-us', ...given)).toMatchObject({ code: 0, err: '' });
    expect(simulator.faults({})).toMatchObject({
      dropEvents: 0.1,
      duplicateEvents: 0.2,
      delayEvents: 1,
      delayMs: 500,
      reorderEvents: 0.05,
    });
    weather.isolate('us-east-1');
    await muster('clear');
    expect(simulator.faults({})).toMatchObject({ dropEvents: 0, duplicateEvents: 0, delayEvents: 0, reorderEvents: 0 });
    expect(unusual()).toEqual([]);
  });

  it.each([
    ['cut eu-west-1 moon', 1, 'no link between eu-west-1 and moon; eu-west-1 has links to us-east-1, bus, genesys-us'],
    ['isolate moon', 1, 'there is no region moon; there are us-east-1, eu-west-1'],
    ['events moon --drop 5', 1, 'there is no Genesys Cloud connection moon; there are genesys-us'],
    ['events genesys-us --drop 101', 2, 'a number from 0 to 100'],
    ['clera', 2, 'there is no command clera; npm run world -- weather --help lists the commands'],
    ['slow eu-west-1 bus', 2, "'--latency-ms <ms>' not specified"],
    ['--url http://127.0.0.1:1', 1, 'no local world answers at http://127.0.0.1:1; `npm start` starts one'],
  ])('answers "%s" with code %i and one line', async (args, code, message) => {
    const said = await muster(...args.split(' '));
    expect(said.err).toContain(message);
    expect(said).toMatchObject({ code, out: '' });
    expect(said.err.trim().split('\n')).toHaveLength(1);
  });

  it('finds the one world that runs, and asks which if there are several', async () => {
    const other = join(dir, `muster-world-${process.ppid}.json`);
    const dead = join(dir, `muster-world-${2 ** 22 + 1}.json`);
    for (const file of [other, dead]) writeFileSync(file, '{"url":"http://127.0.0.1:1","folder":"nowhere"}');
    const several = await muster();
    expect(several.err).toContain('several local worlds run; name one with --url');
    rmSync(other);
    takeBack();
    expect((await muster()).err).toBe('weather: no local world runs here; `npm start` starts one\n');
    expect(readdirSync(dir)).toEqual([]);
  });
});

const LISTED = `\
between    and         state  one way ms  jitter ms  round trip ms
us-east-1  bus         cut             –          –              –
us-east-1  eu-west-1   clear        37.5      ± 1.0           75.0
us-east-1  genesys-us  clear        37.5      ± 1.0           75.0
eu-west-1  bus         slow        300.0     ± 50.0          600.0
eu-west-1  genesys-us  clear        37.5      ± 1.0           75.0

events of   dropped  duplicated  delayed  by ms  reordered
genesys-us   12.5 %           –    100 %    500          –
`;
