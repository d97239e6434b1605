import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { facetsBehind, type RequiredVersions, requiredVersionsOf } from '../../src/agent/merge.ts';
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
import type { Accepted } from '../../src/sync/flow/ingest.ts';
import { facets } from '../agent/arbitrary.ts';

const id = fc.string({ minLength: 1, maxLength: 20, unit: 'binary' });
const required: fc.Arbitrary<RequiredVersions> = facets.map(requiredVersionsOf);
const entry = fc.record({ ms: fc.integer({ min: 0, max: 4e12 }), n: fc.nat() }).map(({ ms, n }) => `${ms}-${n}`);
const token: fc.Arbitrary<Token> = fc.record({
  region: id,
  agents: fc.uniqueArray(fc.tuple(id, required), { selector: ([agentId]) => agentId }).map((pairs) => new Map(pairs)),
  entries: fc
    .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 255 }), entry), { selector: ([partition]) => partition })
    .map((pairs) => new Map(pairs)),
  deferred: fc.boolean(),
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
    place: { partition: i % 256, entry: `${at + (i % 7)}-${i % 5}` },
    replicated: true,
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
    const future = Buffer.from(JSON.stringify({ v: 2, region: 'eu' })).toString('base64url');
    expect(() => readToken(future)).toThrow(InvalidToken);
  });
});

describe('the token of events', () => {
  it('names the newest versions of each agent, while they fit', () => {
    const [first, second] = accepted(2) as [Accepted, Accepted];
    const again = { ...second, event: { ...second.event, agentId: first.event.agentId } };
    const { agents, entries } = readToken(tokenOfEvents('eu', [first, again, first]));
    expect([...agents]).toEqual([[first.event.agentId, requiredVersionsOf(again.event.facets)]]);
    expect(entries.size).toBe(0);
  });

  it('names the last entry of each partition where there are many, and stays a header that everybody lets through', () => {
    const many = accepted(1000);
    const text = tokenOfEvents('eu', many);
    const { agents, entries, deferred } = readToken(text);
    expect(agents.size).toBe(0);
    expect(deferred).toBe(false);
    expect([...entries.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 256 }, (_, i) => i));
    const ofFirst = many.filter(({ place }) => place.partition === 0).map(({ place }) => place.entry);
    expect(entries.get(0)).toBe(ofFirst.sort().at(-1));
    expect(text.length).toBeLessThan(4096);
    expect(tokenOfEvents('eu', accepted(12)).length).toBeLessThanOrEqual(1024);
    expect(readToken(tokenOfEvents('eu', accepted(1000, { outcome: 'deferred' }))).deferred).toBe(true);
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
      } as const;
      const { agents } = readToken(tokenOfClaim({ ...told, authority, agent }));
      expect(facetsBehind({ claim }, agents.get('a') ?? {})).toEqual([]);
    },
  );
});
