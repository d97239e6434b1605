import { describe, expect, it } from 'vitest';
import { checkDurability, type Durability, NotReplicated, Written } from '../../src/store/written.ts';

const of = (durability: Durability): Written<string> => new Written('reply', durability);

describe('a write', () => {
  it('is reported with its durability', () => {
    expect(checkDurability(of('acknowledged'), 'refuse')).toEqual({ value: 'reply', replicated: true });
    expect(checkDurability(of('no-replica-configured'), 'grant')).toEqual({ value: 'reply', replicated: false });
    expect(checkDurability(of('not-acknowledged'), 'grant')).toEqual({ value: 'reply', replicated: false });
    expect(() => checkDurability(of('not-acknowledged'), 'refuse')).toThrow(NotReplicated);
  });

  it('keeps its durability when its value is mapped', () => {
    const longer = of('not-acknowledged').map((reply) => `${reply}!`);
    expect(checkDurability(longer, 'grant')).toEqual({ value: 'reply!', replicated: false });
  });

  it('does not compile if its durability is ignored', () => {
    const written = of('acknowledged');
    // @ts-expect-error there is no way to the value past its durability
    expect(written.value).toBeUndefined();
    const cases = { acknowledged: () => 1, noReplicaConfigured: () => 2 };
    // @ts-expect-error each of the three is handled
    expect(() => of('not-acknowledged').match<number>(cases)).toThrow(TypeError);
    // @ts-expect-error what an answer is made of is not what was written
    const answer: string = written;
    expect(answer).toBe(written);
  });
});
