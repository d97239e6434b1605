import { type Checker, Collected } from './checker.ts';
import { describeLedgerClaim, type Ledger, type LedgerClaim, mayOverlap } from './ledger.ts';
import { Overlaps } from './overlaps.ts';

/**
 * The main promise, judged by callers' lines alone: see {@link LedgerClaim} for when a claim holds. Delegated grants may overlap
 * others; `conflicts` judges those.
 */
export function oneHolder(ledger: Ledger): Checker {
  const found = new Collected();
  const overlaps = new Overlaps<LedgerClaim>(({ first, second, at }) => {
    const wasGivenUp = second.endedAt !== undefined && second.endedAt <= at;
    if (wasGivenUp || first.isSuperseded || second.isSuperseded || mayOverlap(first, second)) return;
    const left = Math.round(first.until - at);
    const what = `agent ${first.agent} was given to two callers: ${describeLedgerClaim(first)}, promised for ${left} ms more, when ${describeLedgerClaim(second)} was given`;
    found.add(what, [first.place, second.place]);
  });
  return {
    name: 'one-holder',
    invariant: 'According to callers, no two calls hold one agent at the same time on one unit of capacity.',
    see(line, _touched, heard) {
      if (!heard) return;
      const { claim, step } = heard;
      if (step === 'given_up') overlaps.endedAtLatest(claim);
      if (step !== 'held') return;
      found.judged++;
      const isOther = ({ call }: LedgerClaim) => call === undefined || call !== claim.call;
      overlaps.began(claim, ledger.rivals(claim).filter(isOther), line.t);
    },
    finish() {
      overlaps.finish();
      return found;
    },
  };
}
