import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completionTime, isGoingOn, nextMove, settlementsDue } from '../../src/agent/claim.ts';
import {
  type Claim,
  claimsOf,
  type Facets,
  type Interaction,
  interactionOf,
  interactionsFacet,
} from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { interactionFor } from '../../src/agent/pairing.ts';
import { statusOf } from '../../src/agent/status.ts';

const CONFIRMED_MS = 60_000;
const BY_AGENT = { reportsInteractions: true, claimsBy: 'agent', confirmedMs: CONFIRMED_MS } as const;

/** An agent to whom calls are handed, and the platform that tells of its contacts under names of its own. */
class Agent {
  facets: Facets = { presence: { state: 'ON_DUTY', at: 1, id: 'p' }, activity: { state: 'IDLE', at: 1, id: 'a' } };
  nowMs = 1_000_000;
  /** When each contact came to be, as far as the platform tells. */
  readonly began = new Map<string, number>();

  claim(unit: string, callId: string, state: Claim['state'] = 'CONFIRMED'): this {
    this.nowMs += 1;
    const { completedAtMs = 0 } = this.claimOn(unit) ?? {};
    const named = unit === 'voice' ? {} : { unit };
    this.#put({
      ...named,
      fence: this.nowMs,
      state,
      untilMs: this.nowMs + CONFIRMED_MS,
      callId,
      queue: 'q',
      completedAtMs,
    });
    return this;
  }

  /** The caller sends the call to the agent, and confirms. */
  send(unit: string, contactId: string): void {
    this.nowMs += 1;
    this.began.set(contactId, this.nowMs);
    this.confirm(unit);
  }

  confirm(unit: string): void {
    this.nowMs += 1;
    const claim = this.claimOn(unit) as Claim;
    if (claim.state === 'HELD') this.#put({ ...claim, state: 'CONFIRMED', untilMs: this.nowMs + CONFIRMED_MS });
  }

  claimOn(unit: string): Claim | undefined {
    return unit === 'voice' ? this.facets.claim : this.facets.digitalClaims?.[unit];
  }

  /** The platform tells of a contact, and what that calls for is done. @returns what was done, as `call settlement` */
  tell(callId: string, state: Interaction['state'], media: 'voice' | 'chat' | 'message' | 'email' = 'voice'): string[] {
    this.nowMs += 1;
    const connected = state === 'CONNECTED' ? this.nowMs : interactionOf(this.facets, callId)?.connectedAt;
    const beganAt = this.began.get(callId);
    const told = { callId, state, at: this.nowMs, id: `${callId}/${this.nowMs}`, media };
    const interaction = {
      ...(beganAt !== undefined && { beganAt }),
      ...told,
      ...(connected !== undefined && { connectedAt: connected }),
    };
    return this.follow(interactionsFacet(interaction));
  }

  idle(): string[] {
    this.nowMs += 1;
    return this.follow({ activity: { state: 'IDLE', at: this.nowMs, id: `idle/${this.nowMs}` } });
  }

  /** All that was told of interactions is told once more. */
  again(): string[] {
    const { interactions } = this.facets;
    return interactions ? this.follow({ interactions }) : [];
  }

  follow(event: Facets): string[] {
    this.facets = merge(this.facets, event).facets;
    const due = settlementsDue(event, this.facets, BY_AGENT);
    for (const { claim, settlement } of due) this.#settle(claim, settlement);
    return due.map(({ claim, settlement }) => `${claim.callId} ${settlement}`);
  }

  get running(): string[] {
    return claimsOf(this.facets).flatMap(({ state, callId }) => (state === 'ENDED' ? [] : [callId]));
  }

  #settle(claim: Claim, settlement: Parameters<typeof nextMove>[1]): void {
    const completedAt = completionTime(this.facets, claim, BY_AGENT);
    const times = { heldMs: 10_000, confirmedMs: CONFIRMED_MS };
    const wrapUp = { rule: 'none', seconds: 0 } as const;
    const move = nextMove(claim, settlement, { times, wrapUp, completedAt, isPlatform: true });
    if (typeof move === 'string') return;
    const { state, lockMs, endReason, completed, goesBehind } = move;
    const completedAtMs = goesBehind ? this.nowMs : Math.max(claim.completedAtMs, Number(completed?.from ?? 0));
    const next = { ...claim, state, untilMs: this.nowMs + lockMs, completedAtMs, ...(endReason && { endReason }) };
    this.#put(next);
  }

  #put(claim: Claim): void {
    if (claim.unit === undefined) this.facets = { ...this.facets, claim };
    else this.facets = { ...this.facets, digitalClaims: { ...this.facets.digitalClaims, [claim.unit]: claim } };
  }
}

describe('claims of callers who do not know the platform’s call ids', () => {
  it('are each completed by a contact of their media type, several at once', () => {
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

  it('are confirmed by their own contact and do not lapse while it lasts', () => {
    const agent = new Agent().claim('chat-1', 'c1', 'HELD');
    expect(agent.tell('91', 'ALERTING', 'chat')).toEqual([]);
    expect(agent.tell('91', 'CONNECTED', 'chat')).toEqual(['c1 confirm']);
    expect(isGoingOn(agent.facets, 'chat-1', BY_AGENT)).toBe(true);
    expect(isGoingOn(agent.facets, 'chat-1', { ...BY_AGENT, claimsBy: 'call' })).toBe(false);
    agent.tell('91', 'ENDED', 'chat');
    expect(isGoingOn(agent.facets, 'chat-1', BY_AGENT)).toBe(false);
  });

  it('are not ended by a contact that began before them, or later beside their own', () => {
    const agent = new Agent();
    agent.tell('90', 'CONNECTED', 'chat');
    agent.claim('chat-1', 'c1');
    expect(agent.tell('90', 'ENDED', 'chat')).toEqual([]);
    agent.tell('91', 'CONNECTED', 'chat');
    agent.tell('92', 'CONNECTED', 'chat');
    expect(agent.tell('92', 'ENDED', 'chat')).toEqual([]);
    expect(agent.tell('91', 'ENDED', 'chat')).toEqual(['c1 complete']);
  });

  it('are not ended by the end of another claim’s contact, however often it is reported', () => {
    const agent = new Agent().claim('chat-1', 'c1').claim('chat-2', 'c2');
    agent.tell('91', 'CONNECTED', 'chat');
    expect(agent.tell('91', 'ENDED', 'chat')).toEqual(['c1 complete']);
    expect(agent.again()).toEqual([]);
    agent.claim('chat-1', 'c3');
    agent.tell('92', 'CONNECTED', 'chat');
    expect(agent.again()).toEqual([]);
    expect(agent.tell('92', 'ENDED', 'chat')).toEqual(['c2 complete']);
  });

  it('are not paired with contacts of released claims, or with missed contacts of others', () => {
    const agent = new Agent().claim('chat-1', 'c1').claim('chat-2', 'c2');
    const given = {
      ...(agent.facets.digitalClaims?.['chat-1'] as Claim),
      state: 'ENDED',
      endReason: 'released',
    } as const;
    agent.facets = { ...agent.facets, digitalClaims: { ...agent.facets.digitalClaims, 'chat-1': given } };
    agent.tell('91', 'ALERTING', 'chat');
    expect(interactionFor(agent.facets, agent.facets.digitalClaims?.['chat-2'] as Claim, BY_AGENT)?.callId).toBe('91');
    expect(agent.tell('91', 'ENDED', 'chat')).toEqual(['c2 missed']);
  });

  it('are paired with the contact that has their call id', () => {
    const agent = new Agent().claim('chat-1', 'foreign').claim('chat-2', '92');
    agent.tell('92', 'CONNECTED', 'chat');
    agent.tell('91', 'CONNECTED', 'chat');
    expect(agent.tell('92', 'ENDED', 'chat')).toEqual(['92 complete']);
    expect(agent.tell('91', 'ENDED', 'chat')).toEqual(['foreign complete']);
  });

  it('are ended by the end of their call and not by that of a consultation, in either order', () => {
    const agent = new Agent().claim('voice', 'v');
    for (const callId of ['91', '92']) agent.tell(callId, 'CONNECTED');
    expect(agent.tell('92', 'ENDED')).toEqual([]);
    expect(agent.tell('91', 'ENDED')).toEqual(['v complete']);
    const other = new Agent().claim('voice', 'v');
    for (const callId of ['91', '92']) other.tell(callId, 'CONNECTED');
    expect(other.tell('91', 'ENDED')).toEqual(['v complete']);
    expect(statusOf(other.facets, other.nowMs)).toMatchObject({ status: 'BUSY' });
  });

  it('are not paired with the contact of an earlier claim on a unit that was claimed again', () => {
    const agent = new Agent().claim('chat-1', '91', 'HELD').claim('chat-2', 'foreign', 'HELD');
    agent.send('chat-1', '91');
    agent.send('chat-2', '92');
    for (const callId of ['91', '92']) agent.tell(callId, 'CONNECTED', 'chat');
    expect(agent.tell('91', 'ENDED', 'chat')).toEqual(['91 complete']);
    agent.claim('chat-1', '93', 'HELD').send('chat-1', '93');
    expect(agent.tell('93', 'CONNECTED', 'chat')).toEqual([]);
    expect(agent.tell('92', 'ENDED', 'chat')).toEqual(['foreign complete']);
  });

  it('end together if they were sent and confirmed in one moment, because either contact can be theirs', () => {
    const agent = new Agent().claim('chat-1', 'c1', 'HELD').claim('chat-2', 'c2', 'HELD');
    for (const contactId of ['91', '92']) agent.began.set(contactId, ++agent.nowMs);
    agent.confirm('chat-2');
    agent.confirm('chat-1');
    for (const callId of ['91', '92']) agent.tell(callId, 'CONNECTED', 'chat');
    expect(agent.tell('91', 'ENDED', 'chat')).toEqual([]);
    expect(isGoingOn(agent.facets, 'chat-2', BY_AGENT)).toBe(true);
    expect(agent.tell('92', 'ENDED', 'chat').sort()).toEqual(['c1 complete', 'c2 complete']);
  });

  it('are ended by an idle after their confirmation, even if no contact was reported; held ones are not', () => {
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

const WHAT = ['claim', 'claim', 'send', 'send', 'connect', 'connect', 'end', 'end', 'again'] as const;
/** What may happen next; `of` picks one of those that it may happen to. */
const steps = fc.array(fc.record({ what: fc.constantFrom(...WHAT), of: fc.nat(9) }), { maxLength: 50 });

/** What is under way, beside what the agent's facets say of it. */
class Day {
  readonly agent = new Agent();
  /** By contact id, the call that it is. */
  readonly sent = new Map<string, string>();
  readonly connected = new Map<string, string>();
  #count = 1000;
  readonly #tellsBeginnings: boolean;

  constructor(tellsBeginnings: boolean) {
    this.#tellsBeginnings = tellsBeginnings;
  }

  /** @returns what was settled, and the call that it should be, if any */
  step(what: (typeof WHAT)[number], of: number): { settled: string[]; call?: string | undefined } {
    const pick = <T>(all: T[]): T | undefined => all[of % all.length];
    const { agent, sent, connected } = this;
    const units = ['chat-1', 'chat-2', 'chat-3'];
    const inState = (...states: (string | undefined)[]) =>
      units.filter((unit) => states.includes(agent.claimOn(unit)?.state));
    if (what === 'again') return { settled: agent.again() };
    if (what === 'claim') {
      const unit = pick(inState(undefined, 'ENDED'));
      this.#count += 1;
      if (unit) agent.claim(unit, `call-${this.#count}`, 'HELD');
    }
    if (what === 'send') {
      const unit = pick(inState('HELD'));
      this.#count += 1;
      if (!unit) return { settled: [] };
      const callId = agent.claimOn(unit)?.callId as string;
      // Some callers name a call as the platform does.
      const contactId = of % 2 === 0 ? callId : `${this.#count}`;
      agent.send(unit, contactId);
      if (!this.#tellsBeginnings) agent.began.clear();
      sent.set(contactId, callId);
    }
    if (what === 'connect') {
      // Where nobody tells when a contact came to be, those that come first must be answered first.
      const contactId = this.#tellsBeginnings ? pick([...sent.keys()]) : [...sent.keys()][0];
      if (!contactId) return { settled: [] };
      connected.set(contactId, sent.get(contactId) as string);
      sent.delete(contactId);
      return { settled: agent.tell(contactId, 'CONNECTED', 'chat') };
    }
    if (what === 'end') {
      const contactId = pick([...connected.keys()]);
      if (!contactId) return { settled: [] };
      const call = connected.get(contactId);
      connected.delete(contactId);
      return { settled: agent.tell(contactId, 'ENDED', 'chat'), call };
    }
    return { settled: [] };
  }
}

describe('claims and contacts, whatever the order', () => {
  it.each([true, false])(
    'go together to the end, whether contacts tell when they came to be: %s',
    (tellsBeginnings) => {
      fc.assert(
        fc.property(steps, (all) => {
          const day = new Day(tellsBeginnings);
          for (const { what, of } of all) {
            const { settled, call } = day.step(what, of);
            const ended = settled.filter((each) => !each.endsWith(' confirm'));
            expect(ended).toEqual(call === undefined ? [] : [`${call} complete`]);
          }
        }),
        { numRuns: 1000 },
      );
    },
  );

  it('keep the agent closed for calls while any call lasts, whatever ends beside it', () => {
    const call = fc.record({ of: fc.nat(4), state: fc.constantFrom('ALERTING', 'CONNECTED', 'WRAP_UP', 'ENDED') });
    const media = fc.constantFrom('voice', 'voice', 'chat');
    const happens = fc.oneof(fc.record({ call, media }), fc.record({ claim: fc.constant(true) }));
    fc.assert(
      fc.property(fc.array(happens, { maxLength: 30 }), (all) => {
        const agent = new Agent();
        const living = new Set<string>();
        for (const each of all) {
          if ('claim' in each) agent.claim('voice', `call-${agent.nowMs}`);
          else {
            const callId = `${each.media}-${each.call.of}`;
            agent.tell(callId, each.call.state, each.media);
            if (each.media === 'voice') living[each.call.state === 'ENDED' ? 'delete' : 'add'](callId);
          }
          const { status } = statusOf(agent.facets, agent.nowMs);
          if (living.size > 0) expect(status).toBe('BUSY');
        }
      }),
    );
  });

  it('leave the agent open once idle, even if ends were lost', () => {
    const media = fc.constantFrom('chat', 'message', 'email', 'voice');
    const contact = fc.record({ media, isClaimed: fc.boolean(), isSeen: fc.boolean(), isEndHeard: fc.boolean() });
    fc.assert(
      fc.property(fc.array(contact, { maxLength: 12 }), (contacts) => {
        const agent = new Agent();
        contacts.forEach(({ media, isClaimed, isSeen, isEndHeard }, at) => {
          if (isClaimed) agent.claim(media === 'voice' ? media : `${media}-${at + 1}`, `call-${at}`);
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
