import { type Checker, Collected } from './checker.ts';
import { type Ledger, mayMeetAsTold, type ToldClaim, told } from './ledger.ts';
import { Overlaps } from './overlaps.ts';

/**
 * The promise itself, judged by nobody's word but the callers': see {@link ToldClaim} for when a claim holds. Claims
 * granted in a home's stead may meet others; that is the matter of `conflicts`.
 */
export function oneHolder(ledger: Ledger): Checker {
  const found = new Collected();
  const overlaps = new Overlaps<ToldClaim>(({ first, second, at }) => {
    const wasGivenUp = second.endedAt !== undefined && second.endedAt <= at;
    if (wasGivenUp || first.isSuperseded || second.isSuperseded || mayMeetAsTold(first, second)) return;
    const left = Math.round(first.until - at);
    const what = `agent ${first.agent} was told to two callers: ${told(first)}, promised for ${left} ms more, when ${told(second)} was told`;
    found.add(what, [first.place, second.place]);
  });
  return {
    name: 'one-holder',
    invariant: 'As the callers count, no two calls hold one agent at the same moment on one unit of capacity.',
    see(line, _touched, heard) {
      if (!heard) return;
      const { claim, step } = heard;
      if (step === 'given_up') overlaps.acquit(claim);
      if (step !== 'held') return;
      found.judged++;
      const isOther = ({ call }: ToldClaim) => call === undefined || call !== claim.call;
      overlaps.began(claim, ledger.rivals(claim).filter(isOther), line.t);
    },
    finish() {
      overlaps.finish();
      return found;
    },
  };
}
