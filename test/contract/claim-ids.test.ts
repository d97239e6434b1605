import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClaimIds, type ClaimName, claimIdOf, LONGEST_CLAIM_ID, readClaimId } from '../../src/contract/claim-ids.ts';
import { getClaim, settle } from '../../src/routing/claims/settle.ts';
import { Refusal } from '../../src/routing/refusal.ts';
import type { Region } from '../../src/routing/region.ts';

const [OLD, NEW, OTHER] = ['the old secret', 'the new secret', 'the secret of somebody else'] as const;
const ids = new ClaimIds([OLD]);

const agentId = fc.oneof(
  fc.string({ minLength: 1, maxLength: 30, unit: 'binary' }),
  fc.constantFrom('crm:1', 'a~b', 'x~7:chat-1', 'ann~5:voice:home:eu:GXrgqQd0oI2fJ5Fq3hUxYw', '\ud800', '\ufffd'),
);
const fence = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));
const unit = fc.option(fc.constantFrom('chat-1', 'chat-11', 'email-1'), { nil: undefined });
const region = fc.constantFrom('eu', 'us', 'e', 'eu-west.1');
const nameOf = fc.record({ agentId, fence, unit, region, instead: fc.boolean() }).map(
  ({ instead, unit: of, ...name }): ClaimName => ({
    ...name,
    ...(of !== undefined && { unit: of }),
    ...(instead && { by: name.region }),
  }),
);

/** What an id is put together from, the separators too. */
const partsOf = (id: string): string[] => {
  const [, agent = '', number = '', of = '', mode = '', by = '', mac = ''] =
    /^(.+)~(\d+):([^:]+):(\w+):([^:]+):([^:]+)$/s.exec(id) ?? [];
  return [agent, number, of, mode, by, mac];
};
const together = ([agent, number, of, mode, by, mac]: string[]) => `${agent}~${number}:${of}:${mode}:${by}:${mac}`;

describe('an id that was signed', () => {
  it('is proven, and says what was signed', () => {
    fc.assert(fc.property(nameOf, (name) => void expect(ids.prove(ids.sign(name))).toEqual(name)));
  });

  it('proves nothing once a character of it is another, is gone, or is one too many', () => {
    const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const character = fc.oneof(fc.constantFrom(...base64, '~', ':', '.'), fc.string({ maxLength: 2, unit: 'binary' }));
    fc.assert(
      fc.property(nameOf, fc.nat(), character, fc.nat({ max: 1 }), (name, place, put, cut) => {
        const id = ids.sign(name);
        const at = place % (id.length + 1);
        const changed = id.slice(0, at) + put + id.slice(at + cut);
        if (changed !== id) expect(ids.prove(changed)).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  it('proves nothing with any other last character, though some stand for the same bytes', () => {
    const id = ids.sign({ agentId: 'ann', fence: 7, region: 'eu' });
    const others = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].filter(
      (c) => !id.endsWith(c),
    );
    expect(others.flatMap((last) => ids.prove(id.slice(0, -1) + last) ?? [])).toEqual([]);
    for (const more of ['=', '==', ' ', '\n', '\0']) expect(ids.prove(id + more)).toBeUndefined();
  });

  it('shares no part with another: what is put together of two is neither, or proves nothing', () => {
    fc.assert(
      fc.property(nameOf, nameOf, fc.integer({ min: 1, max: 62 }), (one, two, mask) => {
        const [a, b] = [ids.sign(one), ids.sign(two)];
        const mixed = together(partsOf(a).map((part, at) => ((mask >> at) & 1 ? (partsOf(b)[at] as string) : part)));
        if (mixed !== a && mixed !== b) expect(ids.prove(mixed)).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  it('is the same text for no two claims, nor under two keys', () => {
    fc.assert(
      fc.property(nameOf, nameOf, (one, two) => {
        if (ids.sign(one) === ids.sign(two)) expect(one).toEqual(two);
        expect(new ClaimIds([OTHER]).prove(ids.sign(one))).toBeUndefined();
      }),
    );
  });

  it('tells agents apart whose names are no Unicode', () => {
    const [one = '', two = ''] = ['\ud800', '\ufffd'].map((agent) =>
      ids.sign({ agentId: agent, fence: 7, region: 'eu' }),
    );
    expect(one.slice(-22)).not.toBe(two.slice(-22));
  });
});

describe('keys', () => {
  const name: ClaimName = { agentId: 'ann', fence: 7, region: 'eu' };

  it('sign with the first and know all, whatever their order', () => {
    const [adding, using] = [new ClaimIds([OLD, NEW]), new ClaimIds([NEW, OLD])];
    expect(adding.sign(name)).toBe(ids.sign(name));
    expect(using.sign(name)).toBe(new ClaimIds([NEW]).sign(name));
    for (const id of [adding.sign(name), using.sign(name)]) {
      for (const keys of [adding, using]) expect(keys.prove(id)).toEqual(name);
    }
    expect(new ClaimIds([NEW]).prove(ids.sign(name))).toBeUndefined();
  });

  it('have fingerprints in their order, which are no proofs', () => {
    const { fingerprints } = new ClaimIds([NEW, OLD]);
    expect(fingerprints).toEqual([...new ClaimIds([NEW]).fingerprints, ...ids.fingerprints]);
    expect(new Set(fingerprints).size).toBe(2);
    expect(fingerprints.every((each) => /^[\w-]{12}$/.test(each))).toBe(true);
    expect(ids.sign(name)).not.toContain(ids.fingerprints[0]);
  });
});

describe('what was not signed', () => {
  /** A region that can do nothing but prove: whatever else is touched ends the test. */
  const counted = { count: 0 };
  const region = { claimIds: ids, metrics: { unprovenClaimIds: { inc: () => counted.count++ } } } as unknown as Region;
  const mac = 'A'.repeat(22);
  const name: ClaimName = { agentId: 'ann', fence: 7, region: 'eu' };

  it.each(['', 'what', 'ann~7', 'ann~7:chat-1', 'ann~7.eu', claimIdOf(name, mac), new ClaimIds([NEW]).sign(name)])(
    '"%s" reaches neither the store nor another region',
    async (id) => {
      const before = counted.count;
      for (const settlement of ['confirm', 'renew', 'release', 'complete', 'refused'] as const) {
        const refusal = await settle(region, id, settlement).catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(Refusal);
        expect(refusal).toMatchObject({ code: 'unknown_claim' });
      }
      await expect(getClaim(region, id)).rejects.toMatchObject({ code: 'unknown_claim' });
      expect(counted.count - before).toBe(6);
    },
  );
});

describe('the form of a claim id', () => {
  const proof = 'GXrgqQd0oI2fJ5Fq3hUxYw';

  it('names the agent, the fence and who granted, whatever the agent is called', () => {
    for (const agentId of ['crm:a~b', 'crm:a~5', `crm:a~5:voice:home:eu:${proof}`, 'crm:line\nbreak', '\u{1f600}']) {
      const names = [
        { agentId, fence: 42, region: 'eu-west.1' },
        { agentId, fence: 42, by: 'eu-west.1', region: 'eu-west.1' },
      ];
      for (const name of names) expect(readClaimId(claimIdOf(name, proof))).toEqual({ name, proof });
    }
  });

  it('has one form: what is left out is written', () => {
    const name = { agentId: 'ann', fence: 1795401957384, region: 'us-east-1' };
    expect(claimIdOf(name, proof)).toBe(`ann~1795401957384:voice:home:us-east-1:${proof}`);
    const instead = { ...name, unit: 'chat-2', by: 'eu-west-1', region: 'eu-west-1' };
    expect(claimIdOf(instead, proof)).toBe(`ann~1795401957384:chat-2:verified:eu-west-1:${proof}`);
  });

  it('is never longer than it may be', () => {
    const agentId = '\u{1f600}'.repeat(200);
    const longest = { agentId, fence: Number.MAX_SAFE_INTEGER, unit: 'voicemail-999', region: 'r'.repeat(64) };
    const id = claimIdOf({ ...longest, by: longest.region }, proof);
    expect([...id].length).toBe(LONGEST_CLAIM_ID);
    expect(readClaimId(id)?.name).toEqual({ ...longest, by: longest.region });
    expect(readClaimId(`${'a'.repeat(2 * LONGEST_CLAIM_ID)}${id}`)).toBeUndefined();
  });

  it.each([
    '',
    'x',
    'agent~1',
    'agent~1:chat-1',
    'agent~1.eu',
    `~5:voice:home:eu:${proof}`,
    `agent~0:voice:home:eu:${proof}`,
    `agent~05:voice:home:eu:${proof}`,
    `agent~-3:voice:home:eu:${proof}`,
    `agent~99999999999999999:voice:home:eu:${proof}`,
    `agent~5:voice-1:home:eu:${proof}`,
    `agent~5:chat:home:eu:${proof}`,
    `agent~5:chat-0:home:eu:${proof}`,
    `agent~5:fax-1:home:eu:${proof}`,
    `agent~5:voice:away:eu:${proof}`,
    `agent~5:voice:home::${proof}`,
    `agent~5:voice:home:e u:${proof}`,
    `agent~5:voice:home:eu:${proof}A`,
    `agent~5:voice:home:eu:${proof.slice(1)}`,
    `agent~5:voice:home:eu:${proof}\n`,
    ` agent~5:voice:home:eu:${proof.slice(1)}=`,
  ])('is not "%s"', (text) => {
    expect(readClaimId(text)).toBeUndefined();
  });
});
