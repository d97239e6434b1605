import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settle } from '../../src/agent/claim.ts';
import { completionTime, isGoingOn, settlementsDue } from '../../src/agent/due.ts';
import { type Claim, claimFacet, claimsOf, type Facets, type Interaction } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { interactionOf } from '../../src/agent/pairing.ts';
import { statusOf } from '../../src/agent/status.ts';

const CONFIRMED_MS = 60_000;

/** An agent to whom calls are handed, and the platform that tells of its contacts under names of its own. */
class Agent {
  facets: Facets = { presence: { state: 'ON_DUTY', at: 1, id: 'p' }, activity: { state: 'IDLE', at: 1, id: 'a' } };
  nowMs = 1_000_000;

  claim(unit: string, callId: string, state: Claim['state'] = 'CONFIRMED'): this {
    this.nowMs += 1;
    const claim: Claim = {
      ...(unit !== 'voice' && { unit }),
      ...{ fence: this.nowMs, state, untilMs: this.nowMs + CONFIRMED_MS, callId, queue: 'q', completedAtMs: 0 },
    };
    this.facets = {
      ...this.facets,
      digitalClaims: { ...this.facets.digitalClaims, ...claimFacet(claim).digitalClaims },
    };
    if (unit === 'voice') this.facets.claim = claim;
    return this;
  }

  /** The platform tells of a contact, and what that calls for is done. @returns what was done, as `call settlement` */
  tell(
    callId: string,
    state: Interaction['state'],
    media?: 'chat' | 'message' | 'email',
    connectedAt?: number,
  ): string[] {
    this.nowMs += 1;
    const connected = connectedAt ?? (state === 'CONNECTED' ? this.nowMs : this.#connectedAt(callId));
    const told = { callId, state, at: this.nowMs, id: `${callId}/${this.nowMs}`, ...(media && { media }) };
    const interaction = { ...told, ...(connected !== undefined && { connectedAt: connected }) };
    return this.follow(media ? { digital: { [callId]: interaction } } : { interaction });
  }

  idle(): string[] {
    this.nowMs += 1;
    return this.follow({ activity: { state: 'IDLE', at: this.nowMs, id: `idle/${this.nowMs}` } });
  }

  follow(event: Facets): string[] {
    this.facets = merge(this.facets, event).facets;
    const due = settlementsDue(event, this.facets, 'agent', CONFIRMED_MS);
    for (const { claim, settlement } of due) this.#settle(claim, settlement);
    return due.map(({ claim, settlement }) => `${claim.callId} ${settlement}`);
  }

  get running(): string[] {
    return claimsOf(this.facets).flatMap(({ state, callId }) => (state === 'ENDED' ? [] : [callId]));
  }

  #connectedAt(callId: string): number | undefined {
    const { interaction, digital } = this.facets;
    return (interaction?.callId === callId ? interaction : digital?.[callId])?.connectedAt;
  }

  #settle(claim: Claim, settlement: Parameters<typeof settle>[1]): void {
    const completedAt = completionTime(this.facets, claim, { tells: true, claimsBy: 'agent' });
    const times = { heldMs: 10_000, confirmedMs: CONFIRMED_MS };
    const wrapUp = { rule: 'none', seconds: 0 } as const;
    const move = settle(claim, settlement, { times, wrapUp, completedAt, isPlatform: true });
    if (typeof move === 'string') return;
    const { state, lockMs, endReason, completed } = move;
    const completedAtMs = Math.max(claim.completedAtMs, completed ? (completed.from as number) : 0);
    const next = { ...claim, state, untilMs: this.nowMs + lockMs, completedAtMs, ...(endReason && { endReason }) };
    if (claim.unit === undefined) this.facets = { ...this.facets, claim: next };
    else this.facets = { ...this.facets, digitalClaims: { ...this.facets.digitalClaims, [claim.unit]: next } };
  }
}

describe('claims of callers who do not know the platform’s names', () => {
  it('are each completed by a contact of their medium, several at once', () => {
    const agent = new Agent().claim('email-1', 'mail').claim('message-1', 'm1').claim('message-2', 'm2');
    for (const [callId, media] of [
      ['91', 'email'],
      ['92', 'message'],
      ['93', 'message'],
    ] as const)
      expect(agent.tell(callId, 'CONNECTED', media)).toEqual([]);
    expect(agent.tell('93', 'ENDED', 'message')).toEqual(['m2 complete']);
    expect(agent.tell('91', 'ENDED', 'email')).toEqual(['mail complete']);
    expect(agent.running).toEqual(['m1']);
    expect(agent.tell('92', 'ENDED', 'message')).toEqual(['m1 complete']);
  });

  it('are confirmed by their own contact, and gone on with while it lasts', () => {
    const agent = new Agent().claim('chat-1', 'c1', 'HELD');
    expect(agent.tell('91', 'ALERTING', 'chat')).toEqual([]);
    expect(agent.tell('91', 'CONNECTED', 'chat')).toEqual(['c1 confirm']);
    expect(isGoingOn(agent.facets, 'chat-1', 'agent')).toBe(true);
    expect(isGoingOn(agent.facets, 'chat-1', 'call')).toBe(false);
    agent.tell('91', 'ENDED', 'chat');
    expect(isGoingOn(agent.facets, 'chat-1', 'agent')).toBe(false);
  });

  it('are not ended by a contact that was there before, or that began later beside their own', () => {
    const agent = new Agent();
    agent.tell('90', 'CONNECTED', 'chat');
    agent.claim('chat-1', 'c1');
    expect(agent.tell('90', 'ENDED', 'chat')).toEqual([]);
    agent.tell('91', 'CONNECTED', 'chat');
    agent.tell('92', 'CONNECTED', 'chat');
    expect(agent.tell('92', 'ENDED', 'chat')).toEqual([]);
    expect(agent.tell('91', 'ENDED', 'chat')).toEqual(['c1 complete']);
  });

  it('are not ended by the end that another claim had, however often it is heard', () => {
    const agent = new Agent().claim('chat-1', 'c1').claim('chat-2', 'c2');
    agent.tell('91', 'CONNECTED', 'chat');
    expect(agent.tell('91', 'ENDED', 'chat')).toEqual(['c1 complete']);
    expect(agent.follow({ digital: agent.facets.digital as NonNullable<Facets['digital']> })).toEqual([]);
    agent.claim('chat-1', 'c3');
    agent.tell('92', 'CONNECTED', 'chat');
    expect(agent.follow({ digital: agent.facets.digital as NonNullable<Facets['digital']> })).toEqual([]);
    expect(agent.tell('92', 'ENDED', 'chat')).toEqual(['c2 complete']);
  });

  it('take no contact from a claim that was given back before it came, and leave the missed to whom they were missed for', () => {
    const agent = new Agent().claim('chat-1', 'c1').claim('chat-2', 'c2');
    const given = {
      ...(agent.facets.digitalClaims?.['chat-1'] as Claim),
      state: 'ENDED',
      endReason: 'released',
    } as const;
    agent.facets = { ...agent.facets, digitalClaims: { ...agent.facets.digitalClaims, 'chat-1': given } };
    agent.tell('91', 'ALERTING', 'chat');
    expect(interactionOf(agent.facets, agent.facets.digitalClaims?.['chat-2'] as Claim, 'agent')?.callId).toBe('91');
    expect(agent.tell('91', 'ENDED', 'chat')).toEqual(['c2 missed']);
  });

  it('belong to the contact of their own name where both are the same', () => {
    const agent = new Agent().claim('chat-1', 'foreign').claim('chat-2', '92');
    agent.tell('92', 'CONNECTED', 'chat');
    agent.tell('91', 'CONNECTED', 'chat');
    expect(agent.tell('92', 'ENDED', 'chat')).toEqual(['92 complete']);
    expect(agent.tell('91', 'ENDED', 'chat')).toEqual(['foreign complete']);
  });

  it('are all ended by an idle since after they were confirmed, seen or not, and none that is only held', () => {
    const agent = new Agent().claim('voice', 'v').claim('email-1', 'mail').claim('message-1', 'm1', 'HELD');
    agent.tell('91', 'CONNECTED', 'email');
    expect(agent.idle()).toEqual(['v complete', 'mail complete']);
    expect(agent.running).toEqual(['m1']);
    const early = new Agent();
    early.idle();
    early.claim('message-1', 'm1');
    expect(early.follow({ activity: early.facets.activity as NonNullable<Facets['activity']> })).toEqual([]);
  });
});

/** What may happen next; `of` picks one of those that it may happen to. */
const step = fc.record({ what: fc.constantFrom('claim', 'begin', 'begin', 'end', 'end', 'again'), of: fc.nat(9) });

describe('claims and contacts, whatever the order', () => {
  it('are as many, whoever is claimed, begins and ends', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const agent = new Agent();
        const [waiting, open]: [string[], string[]] = [[], []];
        let count = 0;
        for (const { what, of } of steps) {
          const free = ['chat-1', 'chat-2', 'chat-3'].filter((unit) => {
            return (agent.facets.digitalClaims?.[unit]?.state ?? 'ENDED') === 'ENDED';
          });
          if (what === 'claim' && free.length > 0) {
            count += 1;
            agent.claim(free[of % free.length] as string, `call-${count}`);
            waiting.push(`${1000 + count}`);
          } else if (what === 'begin' && waiting.length > 0) {
            const [callId = ''] = waiting.splice(0, 1);
            open.push(callId);
            expect(agent.tell(callId, 'CONNECTED', 'chat')).toEqual([]);
          } else if (what === 'end' && open.length > 0) {
            const [callId = ''] = open.splice(of % open.length, 1);
            expect(agent.tell(callId, 'ENDED', 'chat')).toHaveLength(1);
          } else if (what === 'again' && agent.facets.digital) {
            expect(agent.follow({ digital: agent.facets.digital })).toEqual([]);
          }
          expect(agent.running).toHaveLength(waiting.length + open.length);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('leave the agent open once idle, whatever ends were lost', () => {
    const media = fc.constantFrom('chat', 'message', 'email', undefined);
    const contact = fc.record({ media, isClaimed: fc.boolean(), isSeen: fc.boolean(), isEndHeard: fc.boolean() });
    fc.assert(
      fc.property(fc.array(contact, { maxLength: 12 }), (contacts) => {
        const agent = new Agent();
        contacts.forEach(({ media, isClaimed, isSeen, isEndHeard }, at) => {
          if (isClaimed) agent.claim(media ? `${media}-${at + 1}` : 'voice', `call-${at}`);
          if (isSeen) agent.tell(`${1000 + at}`, 'CONNECTED', media);
          if (isEndHeard) agent.tell(`${1000 + at}`, 'ENDED', media);
        });
        agent.idle();
        expect(agent.running).toEqual([]);
        expect(statusOf(agent.facets, agent.nowMs).status).toBe('AVAILABLE');
      }),
    );
  });
});
