import type { CallParty } from '../ops/history-line.ts';
import { type Checker, Collected } from './checker.ts';
import { describeLedgerClaim, type Ledger, type LedgerClaim } from './ledger.ts';
import { type Overlap, Overlaps } from './overlaps.ts';

/** Shortest overlap that is judged, in ms: a region may resolve a shorter one before it is seen. */
const CERTAIN_MS = 1000;

/** Two regions, or two domains, may each grant an agent for one call; every such pair must be reported. */
export function oneCall(ledger: Ledger): Checker {
  const found = new Collected();
  const reported = new Set<string>();
  const met: Overlap<LedgerClaim>[] = [];
  const overlaps = new Overlaps<LedgerClaim>((overlap) => met.push(overlap));
  let lastT = 0;
  const lastsMs = ({ first, second, at }: Overlap<LedgerClaim>) =>
    Math.min(first.endedAt ?? first.until, second.endedAt ?? second.until, lastT) - at;
  return {
    name: 'one-call',
    invariant: 'Two agents confirmed for one call at the same time were reported by some region.',
    see(line, _touched, heard) {
      lastT = line.t;
      if (line.op === 'call_conflict') reported.add(keyOf(line.call, line.kept, line.lost));
      if (!heard) return;
      const { claim, step, isNowConfirmed } = heard;
      if (step === 'given_up') overlaps.endedAtLatest(claim);
      if (!isNowConfirmed || claim.call === undefined) return;
      const others = ledger.ofCall(claim.call).filter(({ agent, confirmed }) => confirmed && agent !== claim.agent);
      overlaps.began(claim, others, line.t);
    },
    finish() {
      overlaps.finish();
      for (const overlap of met) {
        const { first, second } = overlap;
        const isReported = reported.has(keyOf(first.call ?? '', first, second));
        const isCertain = lastsMs(overlap) > CERTAIN_MS;
        if (isReported || isCertain) found.judged++;
        if (isReported || !isCertain) continue;
        const what = `two agents were confirmed for one call without a report: ${first.agent} for ${describeLedgerClaim(first)} and ${second.agent} for ${describeLedgerClaim(second)}`;
        found.add(what, [first.place, second.place]);
      }
      return found;
    },
  };
}

function keyOf(call: string, ...parties: [Pick<CallParty, 'agent' | 'fence'>, Pick<CallParty, 'agent' | 'fence'>]) {
  return [call, ...parties.map(({ agent, fence }) => `${agent} ${fence}`).sort()].join('\n');
}
