import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { facetsBehind, type RequiredVersions, requiredVersionsOf } from '../../src/agent/merge.ts';
import { partOf } from '../../src/config/topology.ts';
import { ClaimIds } from '../../src/contract/claim-ids.ts';
import type { ClaimAnswer } from '../../src/contract/claims.ts';
import {
  InvalidToken,
  readToken,
  type Token,
  tokenOfClaim,
  tokenOfEvents,
  writeToken,
} from '../../src/routing/consistency/token.ts';
import { isAtLeast } from '../../src/store/store.ts';
import type { Accepted } from '../../src/sync/flow/ingest.ts';
import { facets } from '../agent/arbitrary.ts';

const id = fc.string({ minLength: 1, maxLength: 20, unit: 'binary' });
const required: fc.Arbitrary<RequiredVersions> = facets.map(requiredVersionsOf);
const position = fc.record({ ms: fc.integer({ min: 0, max: 4e12 }), n: fc.nat() }).map(({ ms, n }) => `${ms}-${n}`);
const part = fc.tuple(id, fc.integer({ min: 0, max: 255 })).map(([domain, partition]) => partOf(domain, partition));
const token: fc.Arbitrary<Token> = fc.record({
  region: id,
  agents: fc.uniqueArray(fc.tuple(id, required), { selector: ([agentId]) => agentId }).map((pairs) => new Map(pairs)),
  positions: fc.uniqueArray(fc.tuple(part, position), { selector: ([of]) => of }).map((pairs) => new Map(pairs)),
});

const at = Date.parse('2026-03-02T10:00:00Z');

function accepted(count: number, more: Partial<Accepted> = {}): Accepted[] {
  return Array.from({ length: count }, (_, i) => ({
    event: {
      eventId: `9e107d9d-372b-4ccd-8b6a-${i}`,
      agentId: `genesys-emea:3f2504e0-4f89-41d3-9a0c-${i}`,
      timestampMs: at + i,
      region: 'eu',
      facets: { presence: { state: 'ON_DUTY', at: at + i, id: `9e107d9d-372b-4ccd-8b6a-${i}` } },
    },
    place: { domain: 'main', part: partOf('main', i % 256), position: `${at + (i % 7)}-${i % 5}` },
    replicated: true,
    mayBeLost: false,
    outcome: 'applied',
    ...more,
  }));
}

describe('a token', () => {
  it('says after reading what it said when it was written, in characters that any URL and header can hold', () => {
    fc.assert(
      fc.property(token, (written) => {
        const text = writeToken(written);
        expect(text).toMatch(/^[\w-]+$/);
        expect(readToken(text)).toEqual(written);
      }),
    );
  });

  it('is refused with one kind of error, whatever else is given for one', () => {
    const json = fc.json().map((text) => Buffer.from(text).toString('base64url'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), json), (text) => {
        expect(() => readToken(text)).toThrow(InvalidToken);
      }),
    );
    for (const v of [1, 3]) {
      const ofAnotherFormat = Buffer.from(JSON.stringify({ v, region: 'eu' })).toString('base64url');
      expect(() => readToken(ofAnotherFormat)).toThrow(InvalidToken);
    }
  });
});

describe('the token of events', () => {
  it('names the newest versions of each agent, while they fit', () => {
    const [first, second] = accepted(2) as [Accepted, Accepted];
    const again = { ...second, event: { ...second.event, agentId: first.event.agentId } };
    const { agents, positions } = readToken(tokenOfEvents('eu', [first, again, first]));
    expect([...agents]).toEqual([[first.event.agentId, requiredVersionsOf(again.event.facets)]]);
    expect(positions.size).toBe(0);
  });

  it('names the last position in each part where there are many, and stays a header that everybody lets through', () => {
    const many = accepted(1000);
    const text = tokenOfEvents('eu', many);
    const { agents, positions } = readToken(text);
    expect(agents.size).toBe(0);
    expect([...positions.keys()].sort()).toEqual(Array.from({ length: 256 }, (_, i) => `main/${i}`).sort());
    for (const { place } of many) expect(isAtLeast(positions.get(place.part), place.position)).toBe(true);
    const ofFirst = many.filter(({ place }) => place.part === 'main/0').map(({ place }) => place.position);
    expect(ofFirst).toContain(positions.get('main/0'));
    expect(text.length).toBeLessThan(8000);
    expect(tokenOfEvents('eu', accepted(12)).length).toBeLessThanOrEqual(1024);
  });

  it('keeps the parts of domains apart, and compares positions as numbers', () => {
    const place = (domain: string, position: string) => ({
      place: { domain, part: partOf(domain, 0), position },
    });
    const far = accepted(30, place('main', `${at}-10`));
    const near = accepted(30, place('main', `${at}-9`));
    const other = accepted(30, place('sales/b', `${at - 1}-99`));
    const { positions } = readToken(tokenOfEvents('eu', [...near, ...far, ...other, ...near]));
    expect([...positions]).toEqual([
      ['main/0', `${at}-10`],
      ['sales/b/0', `${at - 1}-99`],
    ]);
  });
});

describe('the token of a claim', () => {
  it.each(['verified', 'copy'] as const)(
    'is reached by whoever knows the claim that was granted in the home’s stead: %s',
    (mode) => {
      const claim = {
        fence: 5,
        by: 'us',
        state: 'HELD',
        untilMs: 9,
        callId: 'c',
        queue: 'q',
        completedAtMs: 0,
      } as const;
      const claim_id = new ClaimIds(['x'.repeat(32)]).sign({ ...claim, agentId: 'a', region: 'us' });
      const authority = { region: 'us', mode };
      const agent = {} as ClaimAnswer['agent'];
      const told = {
        claim_id,
        agent_id: 'a',
        call_id: 'c',
        queue: 'q',
        fence: 5,
        state: 'HELD',
        until: 9,
        expires_in_ms: 1,
        age_ms: 0,
      } as const;
      const { agents } = readToken(tokenOfClaim({ ...told, authority, agent }));
      expect(facetsBehind({ claim }, agents.get('a') ?? {})).toEqual([]);
    },
  );
});
