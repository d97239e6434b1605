import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimIdOf } from '../../src/contract/claim-ids.ts';
import { type Answer, ask, eventOf, type Regions, startRegions } from '../fixtures/regions.ts';

/** Ids of claims that nobody granted: made up of what anybody can see of an agent. */

let regions: Regions;
let eu: string;
let us: string;

beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], replicas: false });
  [eu, us] = regions.all.map(({ url }) => url) as [string, string];
});
afterAll(() => regions.stop());

const SETTLEMENTS = ['confirm', 'renew', 'release', 'complete'] as const;
const UNITS = ['chat-1', 'chat-2', 'chat-3', 'chat-20', 'chat-320', 'voice-1', 'voice'];
const capacity = { total: 4, media: { voice: { units: 1, beside: ['chat'] }, chat: { units: 3, beside: ['voice'] } } };
const post = (url: string, path: string, body: unknown): Promise<Answer> => ask(`${url}${path}`, 'POST', body);
const nowMs = (): number => performance.timeOrigin + performance.now();

async function agentWith(name: string, status: string): Promise<string> {
  const agentId = `crm-eu:${name}`;
  const profile = { queues: [agentId], capacity };
  await post(eu, '/v1/events', [
    eventOf(agentId, 'AVAILABLE', nowMs() - 1000, { profile }),
    eventOf(agentId, status, nowMs() - 500),
  ]);
  return agentId;
}

/** What decides about an agent, without what changes as time goes by. */
async function registers(url: string, agentId: string): Promise<unknown> {
  const { status, reason, facets } = (await ask(`${url}/v1/agents/${encodeURIComponent(agentId)}`)).body;
  for (const claim of [facets.claim, ...Object.values(facets.digital_claims ?? {})]) delete claim?.remaining_ms;
  return { status, reason, facets };
}

/** The forms of the first version, and those of this one. */
function forgeries(agentId: string, fence: number): string[] {
  const fences = [fence, fence + 1, fence + 1000, Math.round(nowMs()) + 5000];
  const mac = 'A'.repeat(22);
  return fences.flatMap((each) => [
    ...[`${agentId}~${each}`, `${agentId}~${each}.us`],
    ...UNITS.flatMap((unit) => [
      `${agentId}~${each}:${unit}`,
      `${agentId}~${each}:${unit}:home:eu:${mac}`,
      `${agentId}~${each}:${unit}:verified:us:${mac}`,
      `${agentId}~${each}:${unit}:home:eu:`,
    ]),
  ]);
}

async function demandUnknown(url: string, id: string): Promise<void> {
  const path = `/v1/claims/${encodeURIComponent(id)}`;
  const unknown = { status: 404, body: { code: 'unknown_claim' } };
  expect(await ask(`${url}${path}`), id).toMatchObject(unknown);
  for (const settlement of SETTLEMENTS) {
    expect(await post(url, `${path}/${settlement}`, {}), `${settlement} ${id}`).toMatchObject(unknown);
    const flat = { done: false, reason: 'unknown_claim' };
    const fields = { claim_id: id, settlement };
    expect((await post(url, '/v1/route/settle', fields)).body, `${settlement} ${id}`).toMatchObject(flat);
    expect((await ask(`${url}/v1/route/settle?${new URLSearchParams(fields)}`)).body).toMatchObject(flat);
  }
}

describe('an id that nobody granted', () => {
  it.each(['AVAILABLE', 'OFFLINE'])('settles nothing of an agent who is %s, in any region', async (status) => {
    const agentId = await agentWith(`free-${status}`, status);
    const before = await registers(eu, agentId);
    for (const id of forgeries(agentId, Math.round(nowMs()))) await demandUnknown(eu, id);
    await demandUnknown(us, `${agentId}~${Math.round(nowMs())}`);
    expect(await registers(eu, agentId)).toEqual(before);
  });

  it('leaves the claims of others as they are', async () => {
    const agentId = await agentWith('held', 'AVAILABLE');
    const claimed = async (media: string) => {
      const asked = { queue: agentId, call_id: `held-${media}`, media, agent_id: agentId };
      const { body } = await post(eu, '/v1/claims', asked);
      const confirmed = await post(eu, `/v1/claims/${encodeURIComponent(body.claim_id)}/confirm`, {});
      expect(confirmed).toMatchObject({ status: 200, body: { state: 'CONFIRMED' } });
      return body;
    };
    const [voice, chat] = [await claimed('voice'), await claimed('chat')];
    const before = await registers(eu, agentId);
    for (const id of forgeries(agentId, voice.fence)) await demandUnknown(eu, id);
    for (const id of forgeries(agentId, chat.fence).slice(0, 4)) await demandUnknown(us, id);
    expect(await registers(eu, agentId)).toEqual(before);
    for (const { claim_id } of [voice, chat]) {
      const renewed = await post(us, `/v1/claims/${encodeURIComponent(claim_id)}/renew`, {});
      expect(renewed).toMatchObject({ status: 200, body: { claim_id, state: 'CONFIRMED' } });
    }
  });

  it('is not one that somebody was given with another part in it, nor one put together of two', async () => {
    const [one, two] = [await agentWith('one', 'AVAILABLE'), await agentWith('two', 'AVAILABLE')];
    const granted = async (agentId: string): Promise<string> => {
      const { body } = await post(us, '/v1/claims', { queue: agentId, call_id: `of-${agentId}`, budget_ms: 3000 });
      return body.claim_id;
    };
    const [mine, theirs] = [await granted(one), await granted(two)];
    const before = [await registers(eu, one), await registers(eu, two)];
    const [parts, others] = [mine.split(/(?<=[~:])/), theirs.split(/(?<=[~:])/)];
    for (const [at, part] of parts.entries()) {
      const mixed = parts.with(at, others[at] as string).join('');
      if (mixed !== mine) await demandUnknown(eu, mixed);
      await demandUnknown(us, parts.with(at, `x${part}`).join(''));
    }
    await demandUnknown(
      us,
      mine.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    );
    expect([await registers(eu, one), await registers(eu, two)]).toEqual(before);
  });
});

it('an id of the greatest length is judged like any other', async () => {
  const longest = { agentId: '\u{1f600}'.repeat(200), fence: Number.MAX_SAFE_INTEGER, unit: 'voicemail-999' };
  const region = 'r'.repeat(64);
  await demandUnknown(eu, claimIdOf({ ...longest, by: region, region }, 'A'.repeat(22)));
});

it('an id settles whatever its agent is called, in a path too', async () => {
  for (const name of ['ü~5:voice:home:eu:/?#%25', '\u{1f600}'.repeat(193)]) {
    const agentId = await agentWith(name, 'AVAILABLE');
    const { body } = await post(eu, '/v1/claims', {
      queue: 'global',
      call_id: `long-${name.length}`,
      agent_id: agentId,
    });
    for (const url of [eu, us]) {
      const confirmed = await post(url, `/v1/claims/${encodeURIComponent(body.claim_id)}/confirm`, {});
      expect(confirmed).toMatchObject({ status: 200, body: { state: 'CONFIRMED', agent_id: agentId } });
    }
  }
});
