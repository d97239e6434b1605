import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { type Answer, ask, eventOf, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

/** The keys of ids change while calls go on: nobody may notice, as long as it is done in the order of docs/security.md. */

const [OLD, NEW, OTHER] = ['old', 'new', 'other'].map((name) => `${name}: a secret of 32 characters or more`);
const sinceMs = RECENTLY_MS;
let regions: Regions;
let eu: TestRegion;
let us: TestRegion;

beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], replicas: false, config: { claims: { keys: [OLD] } } });
  [eu, us] = regions.all as [TestRegion, TestRegion];
  for (const home of [eu, us]) {
    const agents = Array.from({ length: 40 }, (_, i) => eventOf(`crm-${home.name}:${i}`, 'AVAILABLE', sinceMs + i));
    await post(home, '/v1/events', agents);
  }
});
afterAll(() => regions.stop());

const post = ({ url }: TestRegion, path: string, body: object): Promise<Answer> => ask(`${url}${path}`, 'POST', body);
const pathOf = (claim: Answer, settlement: string): string =>
  `/v1/claims/${encodeURIComponent(claim.body.claim_id)}/${settlement}`;

let calls = 0;
/** Claims an agent of the region, there. */
async function claimAt(home: TestRegion): Promise<Answer> {
  calls += 1;
  const agent_id = `crm-${home.name}:${calls}`;
  const claim = await post(home, '/v1/claims', { queue: 'global', call_id: `call-${calls}`, agent_id });
  expect(claim).toMatchObject({ status: 201, body: { agent_id, authority: { region: home.name } } });
  return claim;
}

/** Once the other region can be asked: what it says then, whatever it is. */
const settleIn = (region: TestRegion, claim: Answer, settlement: string): Promise<Answer> =>
  vi.waitFor(async () => {
    const answer = await post(region, pathOf(claim, settlement), {});
    if (answer.status >= 500) throw new Error(JSON.stringify(answer.body));
    return answer;
  }, SOON);

/** Restarts the region's instance with other keys. */
async function restart(region: TestRegion, keys: (string | undefined)[]): Promise<void> {
  await region.processes.at(-1)?.signal('SIGTERM');
  await region.spawn({ claims: { keys } });
  await vi.waitFor(async () => {
    for (const { url } of regions.all) {
      const { body } = await ask(`${url}/v1/regions`);
      for (const each of body.regions) expect(each).toMatchObject({ reachable: true, state: 'fresh' });
    }
  }, SOON);
}

const warningsOf = async ({ url }: TestRegion): Promise<string[]> => (await ask(`${url}/v1/regions`)).body.warnings;

describe('keys that are exchanged in order', () => {
  const begun: Answer[] = [];

  const STEPS: [string, (string | undefined)[]][] = [
    ['the new key is known', [OLD, NEW]],
    ['the new key signs', [NEW, OLD]],
  ];
  const restarts = STEPS.flatMap(([step, keys]) => ['eu', 'us'].map((name) => [step, name, keys] as const));

  it.each(restarts)(
    '%s in %s: claims from before and from now are settled in the other region',
    async (_, name, keys) => {
      if (begun.length === 0) begun.push(await claimAt(eu), await claimAt(us));
      await restart(name === 'eu' ? eu : us, keys);
      for (const [home, other] of [
        [eu, us],
        [us, eu],
      ] as const) {
        const claim = await claimAt(home);
        expect(await settleIn(other, claim, 'confirm')).toMatchObject({ status: 200, body: { state: 'CONFIRMED' } });
        begun.push(claim);
      }
      for (const claim of begun) {
        for (const region of [eu, us]) expect(await settleIn(region, claim, 'confirm')).toMatchObject({ status: 200 });
      }
      expect([await warningsOf(eu), await warningsOf(us)]).toEqual([[], []]);
    },
  );

  it('and once the old one is nowhere any more, its ids prove nothing', async () => {
    const [first] = begun as [Answer];
    const last = begun.at(-1) as Answer;
    for (const region of [eu, us]) {
      await restart(region, [NEW]);
      const claims = [await claimAt(eu), await claimAt(us), last];
      for (const claim of claims) {
        for (const each of [eu, us]) expect(await settleIn(each, claim, 'confirm')).toMatchObject({ status: 200 });
      }
      expect(await settleIn(region, first, 'confirm')).toMatchObject({ status: 404, body: { code: 'unknown_claim' } });
    }
    expect([await warningsOf(eu), await warningsOf(us)]).toEqual([[], []]);
  });
});

describe('regions with different keys', () => {
  it('say so in their warnings and their logs, until they are put right', async () => {
    await restart(eu, [OTHER]);
    const warning = (region: string) =>
      expect.stringMatching(new RegExp(`^${region} does not know the key .*claims.keys`));
    await vi.waitFor(async () => {
      expect(await warningsOf(eu)).toEqual([warning('us')]);
      expect(await warningsOf(us)).toEqual([warning('eu')]);
    }, SOON);
    expect(await settleIn(us, await claimAt(eu), 'confirm')).toMatchObject({
      status: 404,
      body: { code: 'unknown_claim' },
    });
    await expect.poll(() => logOf(eu)).toContain('"event":"claim_key_unknown"');
    await restart(eu, [NEW]);
    await vi.waitFor(async () => expect([await warningsOf(eu), await warningsOf(us)]).toEqual([[], []]), SOON);
    expect(await settleIn(us, await claimAt(eu), 'confirm')).toMatchObject({ status: 200 });
  });

  it('tell each other nothing that could be signed with', async () => {
    const { body } = await ask(`${eu.url}/v1/beat`);
    expect(body.claim_keys).toEqual([expect.stringMatching(/^[\w-]{12}$/)]);
    expect(logOf(eu)).not.toContain(NEW);
  });
});

const logOf = (region: TestRegion): string => readFileSync(region.processes.at(-1)?.log ?? '', 'utf8');
