import { type Checker, Collected } from './checker.ts';
import type { Claim, Claims } from './claims.ts';
import { Overlaps } from './overlaps.ts';
import { isLive } from './shelf.ts';

/**
 * A claim that the home granted after the asking region stopped waiting never reached a caller, so the caller may get another
 * agent and the lost claim lapses. Remembers the calls of such lost answers.
 */
export function retry(claims: Claims): Checker {
  const found = new Collected();
  const lostAnswers = new Set<string>();
  const wasLost = (claim: Claim) => !claim.answered && lostAnswers.has(`${claim.call}\n${claim.home}`);
  const overlaps = new Overlaps<Claim>(({ first, second }) => {
    if (wasLost(first) || wasLost(second)) return;
    const what = `call ${first.call} was given agent ${second.agent} (fence ${second.fence}) while it had agent ${first.agent} (fence ${first.fence})`;
    found.add(what, [first.place, second.place]);
  });
  return {
    name: 'retry',
    invariant: 'A call that asks again gets its claim, as long as that claim has not ended.',
    see(line, touched) {
      if (line.op === 'claim' && line.phase === 'unknown' && line.home !== line.region)
        lostAnswers.add(`${line.call}\n${line.home}`);
      if (touched?.step === 'ended') overlaps.ended(touched.claim);
      const { claim, step } = touched ?? {};
      if (step === 'granted' && claim?.call !== undefined) overlaps.began(claim, claims.ofCall(claim.call), line.t);
      const asks = line.op === 'claim' && line.phase === 'invoke';
      if (asks && claims.ofCall(line.call).some((each) => isLive(each, line.t))) found.judged++;
    },
    finish() {
      overlaps.finish();
      return found;
    },
  };
}
