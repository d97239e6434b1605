import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { PlatformReader } from '../../src/platforms/platform.ts';
import { Inquiry, type InquiryOutcome } from '../../src/routing/read-through/inquiry.ts';

/** An inquiry that asks by this way, two agents at a time. */
function inquiryOf(read: PlatformReader['read']) {
  const outcomes: InquiryOutcome[] = [];
  const inquiry = new Inquiry({
    reader: { batch: 2, prepare: async () => undefined, read, close: async () => undefined },
    accept: async () => undefined,
    ended: (outcome) => outcomes.push(outcome),
    monotonicMs: () => 0,
  });
  return { inquiry, outcomes };
}

describe('an inquiry', () => {
  it('gives up a platform that does not answer, though its reader hears no signal', async () => {
    const { inquiry, outcomes } = inquiryOf(() => new Promise(() => undefined));
    await inquiry.ask(['a']);
    expect(outcomes).toEqual(['failed']);
  });

  it('has asked about everybody when it resolves, in as many calls as that takes', async () => {
    const answered: string[][] = [];
    const { inquiry } = inquiryOf(async (ids) => {
      await turn();
      answered.push(ids);
      return [];
    });
    await inquiry.ask(['a', 'b', 'c', 'd', 'e']);
    expect(answered).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  it('asks once for all who wait for the same agents', async () => {
    const asked: string[][] = [];
    const { inquiry } = inquiryOf(async (ids) => {
      asked.push(ids);
      return [];
    });
    await Promise.all([inquiry.ask(['a']), inquiry.ask(['a', 'b']), inquiry.ask(['b'])]);
    expect(asked).toEqual([['a', 'b']]);
  });
});
