import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '@muster/simulators/kit/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderVerdict } from '../../src/verify/render.ts';
import { verify } from '../../src/verify/verify.ts';
import { type KeptLedger, keepLedger } from '../fixtures/callers-ledger.ts';
import { type Answer, bringOnDuty, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';

const HELD_MS = 1000;
const CALLERS = 40;
/** Claims that are confirmed before the load ends. */
const ENOUGH = 120;
let regions: Regions;
let ledger: KeptLedger;
beforeAll(async () => {
  regions = await startRegions({
    names: ['eu', 'us', 'ap'],
    instances: 2,
    nodeTimeoutMs: 2000,
    config: { claims: { replication: 'refuse', heldMs: HELD_MS } },
  });
  for (const region of regions.all) await bringOnDuty(region, 2, regions.all, Date.now() - 60_000);
  ledger = await keepLedger(regions);
});
afterAll(() => regions.stop());

describe('forty callers who ask twice and confirm around the lapse, six agents, instances and masters that stop', () => {
  it('no agent has two callers, as callers count, and nobody loses a claim by his own retry', async () => {
    const random = new Random(7);
    const isOver = { yes: false };
    const ended = { confirmed: 0 };
    const callers = Array.from({ length: CALLERS }, (_, caller) => call(caller, random, isOver, ended));
    const trouble = makeTrouble(random, isOver);
    await expect.poll(() => ended.confirmed, { timeout: 600_000 }).toBeGreaterThan(ENOUGH);
    isOver.yes = true;
    await Promise.all([...callers, trouble]);
    const verdict = await verify(ledger.files());
    const broken = verdict.checks.filter(({ outcome, name }) => outcome === 'broken' && JUDGED.includes(name));
    expect(broken, renderVerdict(verdict)).toEqual([]);
    for (const name of ['one-holder', 'as-told', 'replicated', 'exclusive']) {
      expect(verdict.checks.find((check) => check.name === name)?.outcome, name).toBe('kept');
    }
  });
});

/** What is promised whatever fails. That every event has arrived everywhere is not, while instances still stand still. */
const JUDGED = ['one-holder', 'as-told', 'replicated', 'one-call', 'exclusive', 'fence', 'stale-holder', 'retry'];

/** One caller after another on the same line: each asks twice at once, confirms early, late or not, and hangs up. */
async function call(caller: number, random: Random, isOver: { yes: boolean }, ended: { confirmed: number }) {
  for (let n = 0; !isOver.yes; n++) {
    const region = random.pick(regions.all);
    const asked = { queue: 'support', call_id: `race-${caller}-${n}`, budget_ms: 1000 };
    // The same question at once to both instances of the region, as a caller does whose answer is late.
    const answers = await Promise.all(region.processes.slice(0, 2).map(({ url }) => post(`${url}/v1/claims`, asked)));
    const granted = answers.find((answer) => answer && answer.status < 300);
    if (granted) {
      await delay(random.between(0, 1.5) * HELD_MS);
      const confirmed = random.chance(0.7) ? await settle(region, granted, 'confirm') : undefined;
      if (confirmed?.status === 200) ended.confirmed++;
      if (confirmed && random.chance(0.5)) await Promise.all([0, 1].map(() => post(`${region.url}/v1/claims`, asked)));
      await delay(random.between(0, 0.3) * HELD_MS);
      await giveUp(granted, random, isOver);
    } else await delay(random.between(0, 0.2) * HELD_MS);
  }
}

/** Gives the agent up, and asks again while the answer is "come again": nobody else ends a confirmed claim here. */
async function giveUp(granted: Answer, random: Random, isOver: { yes: boolean }): Promise<void> {
  const how = random.pick(['release', 'complete']);
  for (;;) {
    const answer = await settle(random.pick(regions.all), granted, how);
    if (isOver.yes || (answer && answer.status < 500)) return;
    await delay(random.between(0.1, 0.3) * HELD_MS);
  }
}

/** Stops an instance or a master for a while, now here, now there, and lets it go on. */
async function makeTrouble(random: Random, isOver: { yes: boolean }): Promise<void> {
  while (!isOver.yes) {
    const region = random.pick(regions.all);
    if (random.chance(0.5)) {
      const instance = random.pick(region.processes);
      await instance.signal('SIGSTOP');
      await delay(random.between(0.2, 2) * HELD_MS);
      await instance.signal('SIGCONT');
    } else {
      const master = await region.redis.masterOf('agents:{main}').catch(() => undefined);
      if (!master) continue;
      await region.redis.freeze(master);
      // Now and then for long enough that its replica is promoted; it comes back not knowing.
      await delay((random.chance(0.3) ? random.between(3, 6) : random.between(0.05, 1)) * HELD_MS);
      await region.redis.thaw(master);
    }
    await delay(random.between(0.2, 1) * HELD_MS);
  }
}

/** Undefined where nobody answered. */
const post = (url: string, body: object): Promise<Answer | undefined> =>
  ledger.ask(url, 'POST', body).catch(() => undefined);

const settle = ({ processes }: TestRegion, { body }: Answer, how: string): Promise<Answer | undefined> =>
  post(`${processes[0]?.url}/v1/claims/${encodeURIComponent(body.claim_id)}/${how}`, {});
