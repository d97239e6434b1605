import type { CallParty } from '../ops/history-line.ts';
import { type Checker, Collected } from './checker.ts';
import { type Ledger, type ToldClaim, told } from './ledger.ts';
import { type Overlap, Overlaps } from './overlaps.ts';

/** What lasted shorter than this, a region may have decided before it could be seen, in ms. */
const TELLABLE_MS = 1000;

/** Two regions, or two domains, may each grant an agent for one call; no such pair may pass in silence. */
export function oneCall(ledger: Ledger): Checker {
  const found = new Collected();
  const reported = new Set<string>();
  const met: Overlap<ToldClaim>[] = [];
  const overlaps = new Overlaps<ToldClaim>((overlap) => met.push(overlap));
  let lastT = 0;
  const lastsMs = ({ first, second, at }: Overlap<ToldClaim>) =>
    Math.min(first.endedAt ?? first.until, second.endedAt ?? second.until, lastT) - at;
  return {
    name: 'one-call',
    invariant: 'Where two agents were confirmed for one call at the same moment, some region reported it.',
    see(line, _touched, heard) {
      lastT = line.t;
      if (line.op === 'call_conflict') reported.add(keyOf(line.call, line.kept, line.lost));
      if (!heard) return;
      const { claim, step, isNowConfirmed } = heard;
      if (step === 'given_up') overlaps.acquit(claim);
      if (!isNowConfirmed || claim.call === undefined) return;
      const others = ledger.ofCall(claim.call).filter(({ agent, confirmed }) => confirmed && agent !== claim.agent);
      overlaps.began(claim, others, line.t);
    },
    finish() {
      overlaps.finish();
      for (const overlap of met) {
        const { first, second } = overlap;
        const isReported = reported.has(keyOf(first.call ?? '', first, second));
        const isTellable = lastsMs(overlap) > TELLABLE_MS;
        if (isReported || isTellable) found.judged++;
        if (isReported || !isTellable) continue;
        const what = `nobody reported that two agents were confirmed for one call: ${first.agent} for ${told(first)} and ${second.agent} for ${told(second)}`;
        found.add(what, [first.place, second.place]);
      }
      return found;
    },
  };
}

function keyOf(call: string, ...parties: [Pick<CallParty, 'agent' | 'fence'>, Pick<CallParty, 'agent' | 'fence'>]) {
  return [call, ...parties.map(({ agent, fence }) => `${agent} ${fence}`).sort()].join('\n');
}
